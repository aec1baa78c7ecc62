"""Raw TL bytes come back exactly, whatever the text beside them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.store import arrays, raw


@given(st.binary(max_size=300), st.text(max_size=60), st.binary(max_size=300))
@example(b"", "x" * 4096, b"")
@example(b"\x00" * 70_000, "far away text", b"")
def test_raw_comes_back_as_it_was(before: bytes, text: str, after: bytes) -> None:
    whole = before + text.encode() + after
    assert raw.unpack(raw.pack(whole, text), text) == whole


def test_text_is_not_stored_twice() -> None:
    text = "Ein längerer Text, der schon in seiner eigenen Spalte steht. " * 20
    assert len(raw.pack(b"head" + text.encode() + b"tail", text)) < 40


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaned_text_can_be_stored_and_keeps_its_offsets(text: str) -> None:
    cleaned = arrays.clean(text)
    assert "\x00" not in cleaned
    assert len(cleaned.encode("utf-16-le")) == len(text.encode("utf-16-le", "surrogatepass"))
