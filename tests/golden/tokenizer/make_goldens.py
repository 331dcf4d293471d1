"""Makes the tokenizer goldens: small tokenizer.json files in the styles that models use, trained and
run by Hugging Face's `tokenizers`, with the ids and texts that it gives for many strings.

    pip install tokenizers==0.23.3
    python tests/golden/tokenizer/make_goldens.py

For each style it writes <style>/tokenizer.json and <style>/cases.json. A case's text is given in
hexadecimal where it is not UTF-8 (it counts as what Python's errors="replace" makes of it).
Training breaks ties at random: a new run gives other vocabularies, and the cases that go with them.
"""

import json
import pathlib

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer

HERE = pathlib.Path(__file__).parent
BOOKS = HERE.parent.parent / "models" / "story15m" / "val_books.txt"

LANGUAGES = [
    "Ein kleiner Übungstext: größer, schöner, weiß – und natürlich „Anführungszeichen“.",
    "Le garçon a mangé une pêche à l'ombre du chêne ; où est-elle allée ?",
    "El niño corrió detrás del pingüino. ¿Adónde iba? ¡Qué maravilla!",
    "Быстрая лиса перепрыгнула через ленивую собаку, а потом уснула.",
    "今天天气很好，我们一起去公园散步吧。你吃饭了吗？",
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "오늘은 날씨가 좋아서 산책을 갔습니다. 정말 즐거웠어요.",
    "ذهب الولد إلى المدرسة في الصباح الباكر ثم عاد إلى البيت.",
    "הילד הלך לבית הספר וחזר הביתה בערב.",
    "बच्चा सुबह स्कूल गया और शाम को घर लौट आया।",
    "เด็กไปโรงเรียนตอนเช้าและกลับบ้านตอนเย็น",
    "int main(void) {\n\tfor (int i = 0; i < 128; ++i) printf(\"%d\\n\", i * 37);\n    return 0;\n}\n",
    "In 1984 there were 12345 sheep, 3.14159 pies & 1,000,000 stars; call +49 30 123456.",
    "They'll say it's fine; I'M sure WE'VE seen that, don't YOU'LL think he'd know?",
]

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"

BYTE_TOKENS = [f"<0x{byte:02X}>" for byte in range(256)]


def corpus():
    text = BOOKS.read_text(encoding="utf-8")[:120_000]
    return [text[start : start + 2000] for start in range(0, len(text), 2000)] + LANGUAGES * 4


def token(content, **flags):
    base = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return {"content": content, **base, **flags}


def finish(tokenizer, specials, size, added=(), edit=None, trainer=None):
    """Trains, applies `edit` to the JSON, appends the added tokens behind the vocabulary."""
    options = dict(vocab_size=size, special_tokens=specials, show_progress=False, **(trainer or {}))
    tokenizer.train_from_iterator(corpus(), BpeTrainer(**options))
    description = json.loads(tokenizer.to_str())
    if edit:
        edit(description)
    tokens = [t for t in description["added_tokens"] if t["content"] not in BYTE_TOKENS]
    vocabulary = description["model"]["vocab"]
    next_id = max(vocabulary.values()) + 1
    for entry in added:
        known_id = vocabulary.get(entry["content"])
        tokens.append({"id": next_id if known_id is None else known_id, **entry})
        next_id += known_id is None
    description["added_tokens"] = tokens
    return description


def byte_alphabet():
    return dict(initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


CHAT_TOKENS = [token("<|im_start|>"), token("<|im_end|>"), token("<|im|>")]
ODD_TOKENS = [
    token("<mask>", lstrip=True),
    token("<sep>", rstrip=True),
    token("<both>", lstrip=True, rstrip=True, special=False),
    token("word", single_word=True, special=False),
    token("\n\n\n", special=False),
    token("Straße", normalized=True, special=False),
]


def gpt2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return finish(
        tokenizer, ["<|endoftext|>"], 900, CHAT_TOKENS + ODD_TOKENS, trainer=byte_alphabet()
    )


def prefixed():
    """Byte-level with a space put before every text, and merges written the old way."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))

    def edit(description):
        merges = description["model"]["merges"]
        description["model"]["merges"] = [" ".join(pair) for pair in merges]

    return finish(tokenizer, ["<s>", "</s>"], 700, ODD_TOKENS, edit, byte_alphabet())


def smollm():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    return finish(tokenizer, specials, 900, trainer=byte_alphabet())


def split_by(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def llama3():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = split_by(LLAMA3)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)]
            ),
        ]
    )

    def edit(description):  # a word without the merges that lead to it: only ignore_merges finds it
        vocabulary = description["model"]["vocab"]
        vocabulary["Ġzyzzyva"] = max(vocabulary.values()) + 1

    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
    return finish(tokenizer, specials, 900, CHAT_TOKENS, edit, byte_alphabet())


def qwen2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = split_by(QWEN2)
    tokenizer.decoder = decoders.ByteLevel()
    added = CHAT_TOKENS + ODD_TOKENS
    return finish(tokenizer, ["<|endoftext|>"], 900, added, trainer=byte_alphabet())


def llama2():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(content=" ", left=1, right=0),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    specials = ["<unk>", "<s>", "</s>"] + BYTE_TOKENS
    # Trained on words, because the whole text would otherwise be one; used without a pre-tokenizer.
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", behavior="merged_with_next")

    def edit(description):
        description["pre_tokenizer"] = None

    return finish(tokenizer, specials, 1000, CHAT_TOKENS, edit, dict(limit_alphabet=70))


def metaspace(scheme, split):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=True)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=scheme, split=split)

    def edit(description):
        description["pre_tokenizer"]["split"] = split

    added = CHAT_TOKENS + ODD_TOKENS
    return finish(tokenizer, ["<unk>", "<s>"], 700, added, edit, dict(limit_alphabet=90))


def clip():
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CLIP), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>",
        special_tokens=[("<|startoftext|>", 0), ("<|endoftext|>", 1)],
    )
    trainer = dict(end_of_word_suffix="</w>", **byte_alphabet())
    return finish(tokenizer, ["<|startoftext|>", "<|endoftext|>"], 900, (), None, trainer)


def words():
    """Words and punctuation, halves marked by ##, unknown characters fused, no decoder."""
    tokenizer = Tokenizer(
        models.BPE(continuing_subword_prefix="##", unk_token="[UNK]", fuse_unk=True)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits()]
    )
    trainer = dict(continuing_subword_prefix="##", limit_alphabet=120)
    return finish(tokenizer, ["[UNK]", "[CLS]"], 900, ODD_TOKENS, None, trainer)


STYLES = {
    "gpt2": gpt2,
    "prefixed": prefixed,
    "smollm": smollm,
    "llama3": llama3,
    "qwen2": qwen2,
    "llama2": llama2,
    "metaspace_first": lambda: metaspace("first", False),
    "metaspace_always": lambda: metaspace("always", True),
    "metaspace_never": lambda: metaspace("never", True),
    "clip": clip,
    "words": words,
}

TEXTS = LANGUAGES + [
    "",
    " ",
    "   ",
    "\n",
    "\r\n\r\n  \r\n\t\tx\r",
    "Hello, world!",
    "  two  spaces and   three ",
    "trailing spaces   ",
    "line\n\n\nbreaks\n \n  \nend\n",
    "tab\tand\vvertical\fform\x1c\x85\u2028\u2029feed",
    "zero\u200bwidth\u200c\u200djoiner\ufeffbom\u2060",
    "nbsp\u00a0thin\u2009ideographic\u3000space\u1680\u202f\u205f",
    "\x00\x01\x02\x7f\x80\x9f control",
    "cafe\u0301 e\u0302\u0323 \u0041\u030a \u1e9b\u0323 ﬁ ﬀ ² ① Ⅷ ㎏ Å Ω",
    "🙂👍🏽 👨‍👩‍👧‍👦 🇩🇪🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ ✈︎",
    "DON'T WE'LL I'M HE'S THEY'RE YOU'VE SHE'D 'tis 'S'T'RE x'ſ it'ſ \u212aelvin'\u017f",
    "don't''s's'' 're' l'm'd ’s ’t",
    "1 12 123 1234 12345 123456 1234567 1,234.5e-6 0x1F ½ ² Ⅻ ٣٤٥ १२३ 一二三 a1b22c333",
    "!!! ??? ...--- ((([[[{{{ }}}]]]))) ##$$%%^^&&**__++== \\\\ // || ~~ `` \"\" ''",
    "!!!\n\n  ...\r\n ;;\n;",
    "a" * 300,
    "ab" * 150 + " " * 70 + "." * 90 + "\n" * 40,
    "漢字" * 40 + "🙂" * 30,
    "CamelCase snake_case kebab-case UPPER lower MiXeD İstanbul ǅ ŉ ß ẞ ς Σ ΑΣ",
    "\ud7ff\ue000\ufffd\uffff\U0010ffff\U00010000",
    "<|im_start|>user\nHi there<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|><|im_end|><|im|><|im_star|><|im_start|",
    "a <mask> b  <mask>c<mask>\n\t<mask>",
    "a <sep> b<sep>  c <sep>\n\n<sep><mask> <sep>",
    "x <both> y  <both>  <both> z<both>",
    "word sword words word, (word) _word word1 äword word\u0301 word",
    "one\n\n\ntwo\n\n\n\nthree\n\n\n\n\n\nfour",
    "Straße STRASSE Strasse Stra\u00dfe x",
    "<s>a</s> <unk> [UNK][CLS] <|endoftext|>x<|endoftext|><|begin_of_text|> <0x41>",
    " zyzzyva zyzzyva  zyzzyva",
    "▁already▁marked ▁ ▁▁ _",
    " leading space",
    "Ġbyte Ċlevel characters as text: âĢĻ",
]

BROKEN = [
    b"\xff",
    b"abc\xe2\x82",
    b"\xe2\x28\xa1 x",
    b"\xf0\x9f\x99 \xf0\x9f\x99\x82",
    b"\xed\xa0\x80\xed\xb0\x80 surrogates",
    b"\xc0\xaf\xe0\x80\xaf overlong",
    b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80",
    b"\x80\xbf\xc3",
]


def case_of(tokenizer, entry, text):
    case = dict(entry)
    case["ids"] = tokenizer.encode(text, add_special_tokens=False).ids
    case["decoded"] = tokenizer.decode(case["ids"], skip_special_tokens=False)
    shown = tokenizer.decode(case["ids"], skip_special_tokens=True)
    if shown != case["decoded"]:
        case["shown"] = shown
    around = tokenizer.encode(text, add_special_tokens=True).ids
    if around != case["ids"]:
        case["ids_with_special"] = around
    tokenizer.encode_special_tokens = True
    plain = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = False
    if plain != case["ids"]:
        case["ids_plain"] = plain
    return case


def main():
    for style, build in STYLES.items():
        description = json.dumps(build(), ensure_ascii=False, separators=(",", ":"))
        tokenizer = Tokenizer.from_str(description)
        cases = [case_of(tokenizer, {"text": text}, text) for text in TEXTS]
        cases += [
            case_of(tokenizer, {"hex": raw.hex()}, raw.decode("utf-8", "replace")) for raw in BROKEN
        ]
        folder = HERE / style
        folder.mkdir(exist_ok=True)
        (folder / "tokenizer.json").write_text(description + "\n", encoding="utf-8")
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        (folder / "cases.json").write_text("[\n" + lines + "\n]\n", encoding="utf-8")
        print(f"{style}: {len(description)} bytes, {len(cases)} cases")


if __name__ == "__main__":
    main()
