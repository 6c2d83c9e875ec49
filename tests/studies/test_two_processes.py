"""Two processes: a mean of two means, and what is done about it."""

import torch

from seq2seq_lesson.studies.two_processes import Deal, alone, together

LONG = [([5, 9, 7, 8, 2], [5, 8, 9, 6, 7, 4, 2]), ([8, 9, 6, 2], [7, 6, 4, 9, 8, 2])]
SHORT = [([8, 2], [7, 2]), ([6, 2], [9, 4, 2])]


def test_only_equal_counts_or_a_weight_by_words_give_the_one_process_gradient():
    unequal, equal = (LONG, SHORT), ([LONG[0], SHORT[0]], [LONG[1], SHORT[1]])
    deals = [Deal(unequal), Deal(equal), Deal(unequal, by_words=True)]
    means, balanced, weighted = together(deals)
    whole = alone(LONG + SHORT)
    torch.testing.assert_close(means, (alone(LONG) + alone(SHORT)) / 2)
    for found, least, most in [
        (means, 0.4, 0.5),
        (balanced, 0, 1e-6),
        (weighted, 0, 1e-6),
    ]:
        apart = (found - whole).norm() / whole.norm()
        assert least <= apart < most
