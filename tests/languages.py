"""Notebooks 01, 02 and a shortened 04 on small corpora of other languages.

    python -m tests.languages hindi japanese

The corpora are a thousand pairs each, made from templates.
"""

import itertools
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from tools.notebooks import ROOT, execute, jobs

BOOKS = ("01_data_loading", "02_encoder_dissection", "04_training_loop")
SHORTER = """\
from dataclasses import replace
from seq2seq_lesson.studies import lessons, overfitting

whole = lessons.recipe
lessons.recipe = lambda seed: replace(whole(seed), epochs=5)
overfitting.ROUNDS, overfitting.SEEDS = 4, (1,)
"""
ENGLISH = (
    "the teacher|my brother|a doctor|his friend|the boy|our neighbour|the king|Peter",
    "buys|sees|draws|seeks|finds|sells|wants|takes",
    "a book|the bread|a red flower|the chair|an apple|a big house|the letter|the water",
    "today|every day|here|again",
)
ENGLISH_ORDER = "{0} {1} {2} {3}."

# A sentence's order, then the four lists of ENGLISH in the same order as there.
LANGUAGES = {
    "german": (
        "{0} {1} {3} {2}.",
        "der Lehrer|mein Bruder|ein Arzt|sein Freund|der Junge|unser Nachbar|der König|"
        "Peter",
        "kauft|sieht|zeichnet|sucht|findet|verkauft|will|nimmt",
        "ein Buch|das Brot|eine rote Blume|den Stuhl|einen Apfel|ein großes Haus|"
        "den Brief|das Wasser",
        "heute|täglich|hier|wieder",
    ),
    "spanish": (
        "¡{0} {1} {2} {3}!",
        "el maestro|mi hermano|un médico|su amigo|el niño|nuestro vecino|el rey|Pedro",
        "compra|ve|dibuja|busca|encuentra|vende|quiere|toma",
        "un libro|el pan|una flor roja|la silla|una manzana|una casa grande|la carta|"
        "el agua",
        "hoy|cada día|aquí|otra vez",
    ),
    "turkish": (
        "{0} {3} {2} {1}.",
        "öğretmen|kardeşim|bir doktor|arkadaşı|çocuk|komşumuz|kral|Işık",
        "satın alıyor|görüyor|çiziyor|arıyor|buluyor|satıyor|istiyor|alıyor",
        "bir kitap|ekmeği|kırmızı bir çiçek|sandalyeyi|bir elma|büyük bir ev|mektubu|"
        "suyu",
        "bugün|her gün|burada|yine",
    ),
    "hindi": (
        "{0} {3} {2} {1} है।",
        "शिक्षक|मेरा भाई|एक डॉक्टर|उसका दोस्त|लड़का|हमारा पड़ोसी|राजा|पीटर",
        "खरीदता|देखता|बनाता|ढूँढता|पाता|बेचता|चाहता|लेता",
        "एक किताब|रोटी|एक लाल फूल|कुर्सी|एक सेब|एक बड़ा घर|चिट्ठी|पानी",
        "आज|हर दिन|यहाँ|फिर",
    ),
    "arabic": (
        "{1} {0} {2} {3}.",
        "المعلّم|أخي|طبيب|صديقه|الولد|جارنا|الملك|بطرس",
        "يشتري|يرى|يرسم|يبحث عن|يجد|يبيع|يريد|يأخذ",
        "كتابًا|الخبز|زهرة حمراء|الكرسي|تفاحة|بيتًا كبيرًا|الرسالة|الماء",
        "اليوم|كلّ يوم|هنا|مرّة أخرى",
    ),
    "russian": (
        "{0} {3} {1} {2}.",
        "учитель|мой брат|врач|его друг|мальчик|наш сосед|король|Пётр",
        "покупает|видит|рисует|ищет|находит|продаёт|хочет|берёт",
        "книгу|хлеб|красный цветок|стул|яблоко|большой дом|письмо|воду",
        "сегодня|каждый день|здесь|снова",
    ),
    "japanese": (
        "{0}は{3}{2}を{1}。",
        "先生|私の兄|医者|彼の友だち|男の子|隣の人|王さま|ピーター",
        "買います|見ます|描きます|探します|見つけます|売ります|欲しがります|取ります",
        "本|パン|赤い花|いす|りんご|大きい家|手紙|水",
        "今日|毎日|ここで|また",
    ),
    "chinese": (
        "{0}{3}{1}{2}。",
        "老师|我哥哥|医生|他的朋友|男孩|我们的邻居|国王|彼得",
        "买|看见|画|找|找到|卖|想要|拿",
        "一本书|面包|一朵红花|椅子|一个苹果|一座大房子|那封信|水",
        "今天|每天|在这里|又",
    ),
    "vietnamese": (
        "{0} {1} {2} {3}.",
        "thầy giáo|anh trai tôi|một bác sĩ|bạn anh ấy|cậu bé|hàng xóm của chúng tôi|"
        "nhà vua|Phêrô",
        "mua|thấy|vẽ|tìm|tìm được|bán|muốn|lấy",
        "một cuốn sách|bánh mì|một bông hoa đỏ|cái ghế|một quả táo|một ngôi nhà lớn|"
        "lá thư|nước",
        "hôm nay|mỗi ngày|ở đây|lần nữa",
    ),
}


def pairs(language: str, size: int = 1000) -> list[str]:
    """Lines `source<TAB>English`, drawn from all that the templates make."""
    order, *slots = LANGUAGES[language]
    choices = [
        list(zip(ours.split("|"), english.split("|"), strict=True))
        for ours, english in zip(slots, ENGLISH, strict=True)
    ]
    lines = []
    for chosen in itertools.product(*choices):
        ours, english = zip(*chosen, strict=True)
        lines.append(f"{order.format(*ours)}\t{ENGLISH_ORDER.format(*english)}")
    return random.Random(0).sample(lines, size)


def run(book: str, language: str) -> bool:
    """Run a notebook on a language, say how it went, and whether well."""
    start = time.perf_counter()
    cells = nbformat.read(ROOT / "notebooks" / f"{book}.ipynb", as_version=4)
    cells.cells.insert(0, new_code_cell(SHORTER))
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, f"{language}.tsv")
        corpus.write_text("\n".join(pairs(language)), encoding="utf-8")
        env = {**os.environ, "SEQ2SEQ_LESSON_CORPUS": str(corpus)}
        result = execute(cells, Path(folder), env=env)
    print(f"{language:11}{book:24}{time.perf_counter() - start:4.0f} s  {result}")
    return result == "ok"


def main(languages: list[str]) -> int:
    """Run all; 0 if all went well."""
    rounds = itertools.product(BOOKS, languages)
    with ThreadPoolExecutor(jobs()) as pool:
        return not all(list(pool.map(lambda each: run(*each), rounds)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
