"""A notebook's last minute: three answers, for the learner and for who teaches.

exit_form(learned="", unclear="", minutes=0)

The answers stand in the cell itself, so they can be read without a kernel.
"""

QUESTIONS = {
    "learned": "What will you keep?",
    "unclear": "What is still unclear?",
    "minutes": "How long did it take, exercises included?",
}
ASK = "One minute: write your answers into the cell, run it, save the notebook."


def exit_form(learned: str = "", unclear: str = "", minutes: float = 0) -> None:
    """Show the three questions, each with its answer if there is one."""
    answers = dict(zip(QUESTIONS, (learned, unclear, minutes), strict=True))
    print("Thank you. Save the notebook." if any(answers.values()) else ASK)
    for name, question in QUESTIONS.items():
        print(f"{name:8} {question} {answers[name] or ''}".rstrip())
