"""The checks of the example's two exercises."""

from seq2seq_lesson.exercises import Verdict, against, judge


def double(attempt: object) -> Verdict:
    return judge(
        attempt,
        lambda rng: {"number": rng.randint(1, 99)},
        against(lambda number: 2 * number),
        todo="double the number.",
        mistakes={"Once more than once.": lambda number: number},
    )


def negate(attempt: object) -> Verdict:
    return judge(
        attempt,
        lambda rng: {"number": rng.randint(1, 99)},
        against(lambda number: -number),
        todo="turn the sign round.",
    )
