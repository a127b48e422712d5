"""What two token stores of the same documents have in common."""

ARRAYS = (
    "tokens.bin",
    "sentence_starts.bin",
    "document_starts.bin",
    "held_out.bin",
    "fractions.bin",
    "sources.jsonl",
)
