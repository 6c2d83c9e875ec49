"""A pretended CUDA or MPS device: what would break on a card is found without one.

A tensor there is a CPU tensor of a subclass that says another device. It refuses what
the real device refuses, in the real one's words (`REFUSALS`), draws random numbers of
its own, and rounds matrix products otherwise (they are computed in float64).

    start("cuda")   # from here on `torch.device("cuda")` exists in this process

It changes PyTorch for the whole process, so its tests run in processes of their own.

Not pretended: TF32, the real kernels, streams, memory, generators on the device, and
`Module.to` between a forward and its backward (a real device allows it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

HERE = SimpleNamespace(device=torch.device("cuda", 0), random_state=None)

# Functions by the name under which PyTorch hands them to `__torch_function__`.
RECURRENT = {"gru", "lstm", "rnn_tanh", "rnn_relu"}
RANDOM = {
    *RECURRENT,  # dropout between layers
    *("rand", "rand_like", "randn", "randn_like", "randint", "randint_like"),
    *("randperm", "normal", "normal_", "uniform_", "random_", "exponential_"),
    *("bernoulli", "bernoulli_", "multinomial", "dropout", "dropout_"),
    *("feature_dropout", "multi_head_attention_forward"),
    "scaled_dot_product_attention",
}
ROUNDED = {
    *RECURRENT,
    *("matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "baddbmm"),
    *("linear", "conv1d", "einsum", "scaled_dot_product_attention"),
    *("tanh", "sigmoid", "softmax", "log_softmax", "logsumexp"),
    *("cross_entropy", "nll_loss"),
}
# Here a CPU tensor and one of the device may meet: one is copied, only its shape is
# read, or it is said elsewhere which of them must be where.
MEET = {
    *("to", "copy_", "type_as", "new_tensor", "data", "__set__"),
    *("view_as", "expand_as", "reshape_as", "is_same_size"),
    *("_has_compatible_shallow_copy_type", "__getitem__", "__setitem__"),
    *("_pack_padded_sequence", "_pad_packed_sequence", *RECURRENT),
}
JOINING = {"cat", "stack"}  # even a single number must lie on the device
# The second of two answers stays on the CPU: the batch sizes, the lengths.
SECOND_ON_CPU = {"_pack_padded_sequence", "_pad_packed_sequence"}


class Call:
    """One call of PyTorch, and where its tensors lie.

    Shapes
        name, args, kwargs: the function's name and what it was given
        tensors:   all tensors given, also those in lists
        here:      are some of them on the pretended device?
        named:     the device given, by keyword or place, if one was
        goes_here: will the answer lie on the pretended device?
    """

    __slots__ = ("args", "goes_here", "here", "kwargs", "name", "named", "tensors")

    def __init__(self, func: Callable, args: tuple, kwargs: dict) -> None:
        self.name = getattr(func, "__name__", "")
        self.args, self.kwargs = args, kwargs
        self.tensors = _tensors_in(args)
        if kwargs:
            self.tensors += _tensors_in(kwargs.values())
        self.here = any(isinstance(tensor, DeviceTensor) for tensor in self.tensors)
        self.named = self._named()
        self.goes_here = self._goes_here()

    def _named(self) -> torch.device | None:
        if self.kwargs.get("device") is not None:
            return torch.device(self.kwargs["device"])
        for value in self.args:
            if isinstance(value, torch.device):
                return value
            if self.name == "to" and _is_device_name(value):
                return torch.device(value)
        return None

    def _goes_here(self) -> bool:
        if self.named is not None:
            return self.named.type == HERE.device.type
        if self.name in ("to", "type_as"):  # x.to(another); or the dtype alone changes
            return isinstance(self.tensors[-1], DeviceTensor)
        if self.name in MEET and self.tensors:
            return isinstance(self.tensors[0], DeviceTensor)
        return self.here

    @property
    def elsewhere(self) -> list[Tensor]:
        """The tensors on the CPU that are more than a single number."""
        least = 0 if self.name in JOINING else 1
        return [
            tensor
            for tensor in self.tensors
            if not isinstance(tensor, DeviceTensor) and tensor.dim() >= least
        ]

    @property
    def recurrence(self) -> tuple[Tensor, object, object, bool]:
        """Of a recurrent layer: what it reads, first states, weights, training mode."""
        if isinstance(self.args[3], bool):
            read, states, weights = self.args[:3]
            return read, states, weights, self.args[-3]
        read, _, states, weights = self.args[:4]  # the second: a packed batch's sizes
        return read, states, weights, self.args[-2]


def _tensors_in(values: Iterable) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple) and not isinstance(value, torch.Size):
            found += _tensors_in(value)
    return found


def _each(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same value with each tensor in it changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)([_each(part, change) for part in value])
    return value


def _is_device_name(value: object) -> bool:
    return isinstance(value, str) and value.split(":")[0] in ("cpu", "cuda", "mps")


# What is refused. Each refusal looks at a call before it is made.


def refuse_two_devices(call: Call) -> None:
    if call.here and call.name not in MEET and call.elsewhere:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two "
            f"devices, {HERE.device} and cpu!"
        )


def refuse_numpy(call: Call) -> None:
    if call.here and call.name in ("numpy", "__array__"):
        raise TypeError(
            f"can't convert {HERE.device} device type tensor to numpy. Use Tensor.cpu()"
            " to copy the tensor to host memory first."
        )


def refuse_cpu_generator(call: Call) -> None:
    given = [*call.args, *call.kwargs.values()]
    if call.goes_here and any(isinstance(value, torch.Generator) for value in given):
        raise RuntimeError(
            f"Expected a '{HERE.device.type}' device type for generator but found 'cpu'"
        )


def refuse_lengths_here(call: Call) -> None:
    if call.name == "_pack_padded_sequence" and isinstance(call.args[1], DeviceTensor):
        raise RuntimeError(
            "'lengths' argument should be a 1D CPU int64 tensor, but got "
            f"{call.args[1].dim()}D {HERE.device} Long tensor"
        )


def refuse_index_into_cpu(call: Call) -> None:
    if call.name not in ("__getitem__", "__setitem__"):
        return
    indexed, index = call.args[:2]
    found = _tensors_in([index])
    if not isinstance(indexed, DeviceTensor) and any(
        isinstance(value, DeviceTensor) and value.dim() for value in found
    ):
        raise RuntimeError(
            "indices should be either on cpu or on the same device as the indexed "
            "tensor (cpu)"
        )


def refuse_half_moved_recurrence(call: Call) -> None:
    if call.name not in RECURRENT:
        return
    read, states, weights, _ = call.recurrence
    for kind, tensors in (("hidden", [states]), ("parameter", weights)):
        for tensor in _tensors_in([tensors]):
            if isinstance(tensor, DeviceTensor) != isinstance(read, DeviceTensor):
                raise RuntimeError(
                    f"Input and {kind} tensors are not at the same device, found input "
                    f"tensor at {read.device} and {kind} tensor at {tensor.device}"
                )


REFUSALS = [
    refuse_two_devices,
    refuse_numpy,
    refuse_cpu_generator,
    refuse_lengths_here,
    refuse_index_into_cpu,
    refuse_half_moved_recurrence,
]


# What is refused once the answer is known.


def refuse_float64(call: Call, answer: object) -> None:
    if HERE.device.type != "mps" or not call.goes_here:
        return
    if any(tensor.dtype == torch.float64 for tensor in _tensors_in([answer])):
        raise TypeError(
            "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't "
            "support float64. Please use float32 instead."
        )


def refuse_backward_in_evaluation(call: Call, answer: object) -> None:
    """cuDNN's rule; it shows when a gradient comes back, not before."""
    if call.name not in RECURRENT or HERE.device.type != "cuda":
        return
    *_, training = call.recurrence
    if training or not call.goes_here:
        return

    def refuse(_: Tensor) -> None:
        raise RuntimeError("cudnn RNN backward can only be called in training mode")

    for tensor in _tensors_in([answer]):
        if tensor.requires_grad:
            tensor.register_hook(refuse)


LATER_REFUSALS = [refuse_float64, refuse_backward_in_evaluation]


class DeviceTensor(Tensor):
    """A CPU tensor that says it lies on the pretended device."""

    @property
    def device(self) -> torch.device:
        return HERE.device

    @property
    def is_cuda(self) -> bool:
        return HERE.device.type == "cuda"

    @property
    def is_mps(self) -> bool:
        return HERE.device.type == "mps"

    @property
    def is_cpu(self) -> bool:
        return False

    def get_device(self) -> int:
        return HERE.device.index

    def cpu(self, *args: object, **kwargs: object) -> Tensor:
        return _brought_back(self)

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        with torch._C.DisableTorchFunctionSubclass():
            text = repr(self.detach().as_subclass(Tensor))
            told = f", device='{HERE.device}'"
            text = re.sub(r"((, size=.*)?(, dtype=.*)?)\)$", rf"{told}\1", text)
            if self.grad_fn is not None:
                text += f", grad_fn=<{_made_by(self)}>"
            elif self.requires_grad:
                text += ", requires_grad=True"
        said = "Parameter containing:\n" if isinstance(self, nn.Parameter) else ""
        return f"{said}{text})"

    def __format__(self, spec: str) -> str:
        if self.dim() == 0:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __deepcopy__(self, memo: dict) -> DeviceTensor:
        with torch._C.DisableTorchFunctionSubclass():
            new = self.detach().clone().as_subclass(DeviceTensor)
            new.requires_grad_(self.requires_grad)
        if isinstance(self, nn.Parameter):
            new._is_param = True
        memo[id(self)] = new
        return new

    def __reduce_ex__(self, protocol: int) -> object:
        """Saved as a CPU tensor: the device does not outlive the process."""
        return _brought_back(self).detach().__reduce_ex__(protocol)

    @classmethod
    def __torch_function__(
        cls, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        return run(func, args, kwargs or {})


class Everywhere(TorchFunctionMode):
    """Sees each call of PyTorch, also those without a tensor of the device."""

    def __torch_function__(
        self,
        func: Callable,
        types: object,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        return run(func, args, kwargs or {})


def run(func: Callable, args: tuple, kwargs: dict) -> Any:
    """Make one call of PyTorch as the pretended device would."""
    call = Call(func, args, kwargs)
    if call.name in ("device", "_parse_to"):  # speak of devices and touch no tensor
        return func(*args, **kwargs)
    with torch._C.DisableTorchFunctionSubclass():
        if not call.here and call.named is None:  # nothing of the device's
            return func(*args, **kwargs)
        for refuse in REFUSALS:
            refuse(call)
        draws = call.name in RANDOM and call.goes_here
        with _own_random_numbers() if draws else nullcontext():
            answer = _computed(func, call)
        for refuse in LATER_REFUSALS:
            refuse(call, answer)
        if call.name in SECOND_ON_CPU:
            return _placed(answer[0], call), answer[1]
        if call.name == "tolist":  # no tensor among many numbers
            return answer
        return _each(answer, lambda tensor: _placed(tensor, call))


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """The device has a generator of its own; the CPU's stays where it is."""
    generator = torch.default_generator
    before = generator.get_state()
    generator.set_state(HERE.random_state)
    try:
        yield
    finally:
        HERE.random_state = generator.get_state()
        generator.set_state(before)


def _computed(func: Callable, call: Call) -> Any:
    args, kwargs = call.args, call.kwargs
    if call.named is not None:
        args = tuple(_on_cpu(value, call.name == "to") for value in args)
        kwargs = {name: _on_cpu(v, name == "device") for name, v in kwargs.items()}
    if call.name in ROUNDED and call.goes_here:
        dtypes = {tensor.dtype for tensor in call.tensors if tensor.is_floating_point()}
        if dtypes == {torch.float32}:
            args = _each(args, _finer)
            kwargs = {name: _each(value, _finer) for name, value in kwargs.items()}
            return _each(func(*args, **kwargs), _coarser)
    return func(*args, **kwargs)


def _on_cpu(value: object, may_be_name: bool) -> object:
    """What the CPU is told in place of the pretended device."""
    is_name = may_be_name and _is_device_name(value)
    if isinstance(value, torch.device) or is_name:
        there = torch.device(value)
        return torch.device("cpu") if there.type == HERE.device.type else there
    return value


def _finer(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.dtype == torch.float32 else tensor


def _coarser(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def _placed(tensor: Tensor, call: Call) -> Tensor:
    """The answer, on the device or on the CPU, wherever it belongs."""
    if not call.goes_here:
        leaves = isinstance(tensor, DeviceTensor) or (call.here and call.named)
        return _brought_back(tensor) if leaves else tensor
    if isinstance(tensor, DeviceTensor):
        return tensor
    if any(tensor is given for given in call.tensors):  # a move is a copy
        tensor = tensor.clone()
    if tensor.is_leaf:
        placed = tensor.detach().as_subclass(DeviceTensor)
        return placed.requires_grad_(tensor.requires_grad)
    return tensor.as_subclass(DeviceTensor)


def _brought_back(tensor: Tensor) -> Tensor:
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.as_subclass(Tensor).clone()


def _made_by(tensor: Tensor) -> str:
    """The function that made a tensor, beneath its renaming to the device."""
    node = tensor.grad_fn
    if node.name() == "AliasBackward0" and node.next_functions[0][0]:
        node = node.next_functions[0][0]
    return node.name()


def start(kind: str = "cuda") -> None:
    """Pretend from here on, in this process, that there is a "cuda" or an "mps"."""
    HERE.device = torch.device(kind, 0)
    there = getattr(torch, kind)
    there.device_count = lambda: 1
    there.synchronize = lambda device=None: None
    there.manual_seed = there.manual_seed_all = _seed
    there.get_rng_state = lambda device=kind: HERE.random_state.clone()
    there.set_rng_state = lambda state, device=kind: setattr(
        HERE, "random_state", state.clone()
    )
    if kind == "cuda":
        torch.cuda.is_available = lambda: True
        torch.cuda.is_current_stream_capturing = lambda: False
        torch.backends.cudnn.is_acceptable = lambda tensor: False
    else:
        torch.backends.mps.is_available = lambda: True
    _seed(0)
    _keep_ties_through_moves()
    Everywhere().__enter__()


def _seed(seed: int) -> None:
    """Other numbers than the CPU's from the same seed."""
    generator = torch.Generator().manual_seed((int(seed) + 777) % 2**63)
    HERE.random_state = generator.get_state()


def _keep_ties_through_moves() -> None:
    """Let a moved parameter stay the same object, so that tied ones stay tied.

    PyTorch's switch for it is set while modules move and not while a state dict is
    loaded. Modules move inside modules: the switch is put back to what it was.
    """
    apply = nn.Module._apply

    def swapping(self: nn.Module, fn: Callable, recurse: bool = True) -> nn.Module:
        future = torch.__future__
        before = future.get_swap_module_params_on_conversion()
        future.set_swap_module_params_on_conversion(True)
        try:
            return apply(self, fn, recurse)
        finally:
            future.set_swap_module_params_on_conversion(before)

    nn.Module._apply = swapping
