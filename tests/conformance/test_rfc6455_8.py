"""RFC 6455 section 8, text that is not UTF-8, over the wire. All kinds of it, cut in all places,
are tested beside this, in C."""
import pytest

from ws_raw import CONTINUATION, TEXT, frame, frame_header

SETTINGS = ["ws.deflate=on", "echo.faults=on"]
KEY = bytes(4)


@pytest.mark.parametrize("parts", [
    [b"\xc0\x80"], [b"\xed\xa0\x80"], [b"\xf4\x90\x80\x80"], [b"\xf8"], [b"caf\xc3"],
    ["ż".encode()[:1], b"", b"x"], [b"fine", b"\x80"], [b"x" * 400 + b"\xff" + b"x" * 400],
], ids=["overlong", "surrogate", "too-high", "no-lead", "cut-off", "cut-by-fragments",
        "in-the-second", "in-the-middle"])
def test_8_1_text_that_is_not_utf8_fails(ws, parts):
    ws.send(*[frame(TEXT if number == 0 else CONTINUATION, part, fin=number == len(parts) - 1)
              for number, part in enumerate(parts)])
    assert ws.read_to_close()[1] == 1007


@pytest.mark.parametrize("bad", [b"\xff", b"a\xc0", b"\xed\xa0", b"\xe0\x80", b"\xf4\x90",
                                 b"\xf0\x8f"])
def test_8_1_it_fails_at_the_first_byte_that_cannot_be(ws, bad):
    ws.send(frame_header(TEXT, 1000, key=KEY) + bad)  # 1,000 bytes that will never come
    before, code = ws.read_to_close()
    assert code == 1007 and not any(part.fin for part in before)
