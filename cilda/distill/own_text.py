"""Which characters of an author's text each of a batch's tokens stands for, and the text with other tokens there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transformers import PreTrainedTokenizerFast

from cilda.distill.splicing import Placed, Spliced, splice
from cilda.rewrites.tokens import blank_of

# A vocabulary of whole languages has a few tokens that begin with a letter which others use as a mark.
_MARKED_SHARE = 0.05


class OwnText:
    """Puts tokens back into the texts that they came from, read as training reads them.

    For one thread at a time: a tokenizer changes while it reads.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._max_length = max_length
        self._blank = blank_of(tokenizer.get_vocab(), _MARKED_SHARE)

    def rewritten(self, columns: Sequence[str], ids: Sequence[int], drawn: Mapping[int, int]) -> Spliced | None:
        """The texts (one, or a pair) with the drawn ids, by position, in place of those that stand there.

        Of a text that was cut only what the model sees. None where the tokenizer does not read the columns as `ids`, or
        says not where its tokens stand.
        """
        encoded = self._tokenizer(
            # As a list of one: an empty second text alone counts as none.
            *([column] for column in columns),
            truncation="longest_first",
            max_length=self._max_length,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        encoding = encoded.encodings[0]
        if encoding.ids != list(ids):
            return None
        tokens = {
            place: Placed(token, column, span)
            for place, (token, column, span) in enumerate(
                zip(encoding.tokens, encoding.sequence_ids, encoding.offsets, strict=True)
            )
            if column is not None
        }
        if encoding.overflowing:
            columns = [_up_to_last(text, column, tokens) for column, text in enumerate(columns)]
        if not _in_order(columns, tokens) or not drawn.keys() <= tokens.keys():
            return None
        # A letter that no token stands for has a name of its own where it stands, and none as an id.
        new = {
            place: tokens[place].token if one == ids[place] else name
            for (place, one), name in zip(drawn.items(), self.tokens([*drawn.values()]), strict=True)
        }
        return splice(columns, tokens, new, self._blank)

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """The ids as the tokenizer names them."""
        return [str(self._tokenizer.convert_ids_to_tokens(one)) for one in ids]

    def decoded(self, ids: Sequence[int], special: Sequence[bool]) -> list[str]:
        """The texts as the tokenizer writes them."""
        return pieces(self._tokenizer, ids, special)


def pieces(tokenizer: PreTrainedTokenizerFast, ids: Sequence[int], special: Sequence[bool]) -> list[str]:
    """The words between special tokens, as a tokenizer writes them: one text, or the two of a pair."""
    found: list[list[int]] = [[]]
    for token, is_special in zip(ids, special, strict=True):
        if is_special:
            found.append([])
        else:
            found[-1].append(token)
    return [str(tokenizer.decode(piece)) for piece in found if piece]


def _up_to_last(text: str, column: int, tokens: Mapping[int, Placed]) -> str:
    return text[: max((token.span[1] for token in tokens.values() if token.column == column), default=0)]


def _in_order(columns: Sequence[str], tokens: Mapping[int, Placed]) -> bool:
    """Whether the tokens of each column stand in it, one after the other."""
    for column, text in enumerate(columns):
        begins = [token.span[0] for token in tokens.values() if token.column == column]
        ends = [token.span[1] for token in tokens.values() if token.column == column]
        if begins != sorted(begins) or ends != sorted(ends) or (ends and ends[-1] > len(text)):
            return False
    return True
