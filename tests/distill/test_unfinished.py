from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.distill.unfinished import Unfinished
from cilda.errors import CildaError

ASKED = {"rows": "5", "seed": 1}
CHUNKS = [[{"turn": 1, "id": f"{chunk}:{row}", "real": "a", "soft": "b\nü"} for row in range(3)] for chunk in range(4)]


def ids(unfinished: Unfinished) -> list[str]:
    return [event["id"] for event in unfinished.records()]


@given(cut=st.floats(0, 1), tail=st.sampled_from([b"", b"\x00\xff{", b'{"kind":"chunk"']))
def test_wherever_it_was_cut_it_goes_on_after_its_last_whole_chunk(
    tmp_path_factory: pytest.TempPathFactory, cut: float, tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("unfinished") / "out.unfinished"
    with Unfinished(path, ASKED) as whole:
        for chunk in CHUNKS:
            whole.add(chunk)
        expected = ids(whole)
    content = path.read_bytes()
    place = int(cut * len(content))
    # A first line that was damaged is nobody's, and is refused.
    path.write_bytes(content[:place] + (tail if b"\n" in content[:place] else b""))
    with Unfinished(path, ASKED) as again:
        assert ids(again) == [record["id"] for chunk in CHUNKS[: again.chunks] for record in chunk]
        assert again.chunks >= content[:place].count(b'"kind":"chunk"') - 1
        for chunk in CHUNKS[again.chunks :]:
            again.add(chunk)
        assert ids(again) == expected
    assert path.read_bytes() == content


def test_what_was_begun_for_something_else_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.unfinished"
    with Unfinished(path, ASKED) as unfinished:
        unfinished.add(CHUNKS[0])
    content = path.read_bytes()
    with pytest.raises(CildaError, match="begun with another seed: 1, now 2"):
        Unfinished(path, {**ASKED, "seed": 2})
    assert path.read_bytes() == content
    for notes in ("my own notes\n", "my own notes", '{"v":1}', "\n"):
        path.write_text(notes)
        with pytest.raises(CildaError, match="nothing that can be gone on with"):
            Unfinished(path, ASKED)
        assert path.read_text() == notes


def test_one_process_at_a_time_writes(tmp_path: Path) -> None:
    path = tmp_path / "out.unfinished"
    with Unfinished(path, ASKED), pytest.raises(CildaError, match="another process") as refused:
        Unfinished(path, ASKED)
    assert refused.value.exit_code == 75
    with Unfinished(path, ASKED) as unfinished:
        unfinished.remove()
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match=str(tmp_path / "no")):
        Unfinished(tmp_path / "no" / "out.unfinished", ASKED)
