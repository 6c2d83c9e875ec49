"""The pretended device refuses what the real one refuses, in the real one's words."""

import copy
import io
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.device import pretended

KIND = pretended.HERE.device.type
DEVICE = torch.device(KIND)
SAID = re.escape(f"{KIND}:0")
ONE_DEVICE = f"on the same device, but found at least two devices, {SAID} and cpu!"
NO_NUMPY = (
    f"can't convert {SAID} device type tensor to numpy. Use Tensor.cpu\\(\\) to copy "
    "the tensor to host memory first."
)
TRAINING_MODE = "cudnn RNN backward can only be called in training mode"
INDICES = (
    "indices should be either on cpu or on the same device as the indexed tensor "
    r"\(cpu\)"
)


def here(*size):
    return torch.ones(size, device=DEVICE)


def half_moved():
    model = nn.Sequential(nn.Linear(3, 3).to(DEVICE), nn.Linear(3, 3))
    return model(here(2, 3))


def half_moved_recurrence():
    layer = nn.GRU(3, 4, batch_first=True)
    layer.weight_ih_l0 = nn.Parameter(layer.weight_ih_l0.to(DEVICE))
    return layer(here(1, 2, 3), here(1, 1, 4))


def fed_from_the_cpu():
    return nn.GRU(3, 4, batch_first=True).to(DEVICE)(here(1, 2, 3), torch.ones(1, 1, 4))


def lengths_there():
    lengths = torch.tensor([2, 1], device=DEVICE)
    return pack_padded_sequence(here(2, 2, 3), lengths, batch_first=True)


def put_by_mask():
    torch.ones(2)[here(2) > 0] = 3


def backward_in_evaluation(cell=nn.GRU, packed=False):
    read = here(2, 3, 3).requires_grad_()
    if packed:
        read = pack_padded_sequence(read, torch.tensor([3, 2]), batch_first=True)
    answer, _ = cell(3, 4, batch_first=True).to(DEVICE).eval()(read)
    (answer.data if packed else answer).sum().backward()


def last_state_backward_in_evaluation():
    layer = nn.LSTM(3, 4, batch_first=True).to(DEVICE).eval()
    _, (h_n, _) = layer(here(2, 3, 3))
    torch.autograd.grad(h_n.sum(), list(layer.parameters())[:2])


two, numpy, generator, lengths, index, recurrence = pretended.REFUSALS
float64, evaluation = pretended.LATER_REFUSALS
RNN = "tensors are not at the same device, found input tensor at"
# the refusal, what is refused, the error, the real device's words
REFUSED = {
    "addition": (two, lambda: here(3) + torch.ones(3), RuntimeError, ONE_DEVICE),
    "comparison": (two, lambda: here(3) < torch.arange(3), RuntimeError, ONE_DEVICE),
    "cat of numbers": (
        two,
        lambda: torch.stack([here(), torch.tensor(1.0)]),
        RuntimeError,
        ONE_DEVICE,
    ),
    "a module half moved": (two, half_moved, RuntimeError, "on the same device, but"),
    "ids on the CPU": (
        two,
        lambda: nn.Embedding(5, 3).to(DEVICE)(torch.tensor([1])),
        RuntimeError,
        "on the same device, but",
    ),
    "numpy": (numpy, lambda: here(3).numpy(), TypeError, NO_NUMPY),
    "__array__": (numpy, lambda: np.asarray(here(3)), TypeError, NO_NUMPY),
    "generator": (
        generator,
        lambda: torch.rand(3, generator=torch.Generator(), device=DEVICE),
        RuntimeError,
        f"Expected a '{KIND}' device type for generator but found 'cpu'",
    ),
    "generator in place": (
        generator,
        lambda: here(3).normal_(generator=torch.Generator()),
        RuntimeError,
        f"Expected a '{KIND}' device type for generator but found 'cpu'",
    ),
    "lengths": (
        lengths,
        lengths_there,
        RuntimeError,
        f"'lengths' argument should be a 1D CPU int64 tensor, but got 1D {SAID} Long",
    ),
    "index": (
        index,
        lambda: torch.ones(3)[torch.tensor([1], device=DEVICE)],
        RuntimeError,
        INDICES,
    ),
    "mask": (index, put_by_mask, RuntimeError, INDICES),
    "a layer half moved": (
        recurrence,
        half_moved_recurrence,
        RuntimeError,
        f"Input and parameter {RNN} {SAID} and parameter tensor at cpu",
    ),
    "first state": (
        recurrence,
        fed_from_the_cpu,
        RuntimeError,
        f"Input and hidden {RNN} {SAID} and hidden tensor at cpu",
    ),
}
OF_CUDA = {
    f"backward of {name}": (evaluation, do, RuntimeError, TRAINING_MODE)
    for name, do in {
        "GRU": backward_in_evaluation,
        "LSTM's last state": last_state_backward_in_evaluation,
        "RNN": lambda: backward_in_evaluation(nn.RNN),
        "packed GRU": lambda: backward_in_evaluation(packed=True),
    }.items()
}
OF_MPS = {
    name: (
        float64,
        do,
        TypeError,
        "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't "
        "support float64. Please use float32 instead.",
    )
    for name, do in {
        "float64 made there": lambda: torch.zeros(2, dtype=torch.float64, device="mps"),
        "float64 moved there": lambda: torch.zeros(2, dtype=torch.float64).to("mps"),
        "float64 asked for there": lambda: here(2).double(),
        "a float64 module": lambda: nn.Linear(2, 2).double().to("mps"),
    }.items()
}
REFUSED |= OF_CUDA if KIND == "cuda" else OF_MPS


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses_in_the_real_devices_words(case):
    _, do, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        do()


@pytest.mark.parametrize("case", REFUSED)
def test_each_refusal_is_what_its_case_proves(case, monkeypatch):
    """Taken out, what it refused goes through, or fails with other words."""
    refusal, do, _, words = REFUSED[case]
    for name in ("REFUSALS", "LATER_REFUSALS"):
        rest = [other for other in getattr(pretended, name) if other is not refusal]
        monkeypatch.setattr(pretended, name, rest)
    said = ""
    try:
        do()
    except (RuntimeError, TypeError) as other:
        said = str(other)
    assert not re.search(words, said)


def test_every_refusal_has_a_case():
    proved = {refusal for refusal, *_ in REFUSED.values()}
    only_elsewhere = float64 if KIND == "cuda" else evaluation
    assert proved == {*pretended.REFUSALS, *pretended.LATER_REFUSALS} - {only_elsewhere}


def test_the_other_kinds_rules_are_not_kept():
    if KIND == "cuda":
        assert here(2).double().dtype == torch.float64
    else:
        backward_in_evaluation()


def test_a_tensor_says_where_it_is():
    tensor = here(2)
    assert str(tensor.device) == f"{KIND}:0"
    assert (tensor.is_cuda, tensor.is_mps, tensor.is_cpu) == (
        KIND == "cuda",
        KIND == "mps",
        False,
    )
    assert repr(tensor) == f"tensor([1., 1.], device='{KIND}:0')"
    ids = torch.zeros(1, dtype=torch.int32, device=DEVICE)
    assert repr(ids) == f"tensor([0], device='{KIND}:0', dtype=torch.int32)"
    assert f"{tensor[0]:.2f}" == "1.00"
    assert "Parameter containing" in repr(nn.Linear(1, 1).to(DEVICE).weight)
    twice = 2 * tensor.requires_grad_()
    assert repr(twice).endswith(f"device='{KIND}:0', grad_fn=<MulBackward0>)")


def test_what_a_call_makes_stays_where_its_tensors_are():
    tensor = here(2, 3)
    made = [2 * tensor, tensor.T, tensor[0], tensor[torch.tensor([1])], tensor.sum()]
    made += [*tensor.sort(), torch.zeros_like(tensor), tensor.new_zeros(1), tensor.data]
    made += [tensor + 1, torch.tensor(1.0) * tensor, *tensor.unbind()]
    assert {str(one.device) for one in made} == {f"{KIND}:0"}
    assert {type(one) for one in made} == {pretended.DeviceTensor}


def test_a_move_is_a_copy_both_ways_and_keeps_the_gradient():
    start = torch.ones(3, requires_grad=True)
    there = start.to(DEVICE)
    back = there.cpu()
    for moved in (back, there.to("cpu"), torch.zeros_like(there, device="cpu")):
        assert type(moved) is torch.Tensor
    back.sum().backward()
    assert start.grad.tolist() == [1, 1, 1]
    with torch.no_grad():
        there.mul_(5)
    assert (start.tolist(), back.tolist()) == ([1, 1, 1], [1, 1, 1])
    assert there.to(DEVICE) is there
    onto = torch.zeros(3).copy_(there.detach())
    assert (onto.tolist(), type(onto)) == ([5, 5, 5], torch.Tensor)


def test_the_lengths_and_batch_sizes_of_a_pack_are_on_the_cpu():
    packed = pack_padded_sequence(
        here(2, 3, 4), torch.tensor([1, 3]), batch_first=True, enforce_sorted=False
    )
    assert packed.batch_sizes.device.type == "cpu"
    assert packed.sorted_indices.device.type == KIND
    states, lengths = pad_packed_sequence(packed, batch_first=True)
    assert (states.device.type, lengths.device.type) == (KIND, "cpu")
    assert lengths.tolist() == [1, 3]


def test_its_random_numbers_are_its_own():
    torch.manual_seed(3)
    ours = torch.rand(4)
    torch.manual_seed(3)
    theirs = torch.rand(4, device=DEVICE)
    assert ours.tolist() != theirs.tolist()
    assert torch.rand(4).tolist() == ours.tolist()
    torch.manual_seed(3)
    assert torch.rand(4, device=DEVICE).tolist() == theirs.tolist()
    state = getattr(torch, KIND).get_rng_state()
    dropped = nn.functional.dropout(here(40)).tolist()
    assert nn.functional.dropout(here(40)).tolist() != dropped
    getattr(torch, KIND).set_rng_state(state)
    assert nn.functional.dropout(here(40)).tolist() == dropped


def test_it_rounds_otherwise_and_hides_no_wrong_dtype():
    torch.manual_seed(0)
    ours = torch.rand(64, 512)
    theirs = ours.to(DEVICE)
    torch.testing.assert_close((theirs @ theirs.T).cpu(), ours @ ours.T)
    assert not torch.equal((theirs @ theirs.T).cpu(), ours @ ours.T)
    assert (theirs @ theirs.T).dtype == torch.float32
    if KIND == "cuda":  # MPS has no float64
        with pytest.raises(RuntimeError, match="dtype"):
            theirs @ theirs.T.double()


def test_tied_weights_stay_tied_when_they_move():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5))
    model[1].weight = model[0].weight
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for device in (DEVICE, torch.device("cpu"), DEVICE):
        assert model.to(device)[1].weight is model[0].weight
        assert len(list(model.parameters())) == 2
        assert all(p.device.type == device.type for p in model.parameters())
    before = model[0].weight.cpu()
    model(torch.tensor([1], device=DEVICE)).sum().backward()
    optimizer.step()  # it was given the parameters before they moved
    assert (model[1].weight.cpu() != before).any()
    assert copy.deepcopy(model)[1].weight.device.type == KIND


def test_modules_inside_modules_move_whole():
    """MultiheadAttention holds a layer that moves while it moves itself."""
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    model = nn.Sequential(layer, nn.Linear(4, 4))
    model[1].weight = layer.out_proj.weight
    model.to(DEVICE)
    assert model[1].weight is layer.out_proj.weight
    assert {p.device.type for p in model.parameters()} == {KIND}
    assert not torch.__future__.get_swap_module_params_on_conversion()
    looked, weights = layer(*[here(2, 3, 4)] * 3)
    looked.sum().backward()
    assert weights.device.type == layer.in_proj_weight.grad.device.type == KIND


def test_what_is_saved_there_loads_on_the_cpu():
    file = io.BytesIO()
    torch.save(nn.Linear(2, 2).to(DEVICE).state_dict(), file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)
    assert {value.device.type for value in loaded.values()} == {"cpu"}
    model = nn.Linear(2, 2).to(DEVICE)
    model.load_state_dict(loaded)
    assert model.weight.device.type == KIND
    assert torch.equal(model.weight.cpu(), loaded["weight"])
