"""Text to token ids: vocabularies, WordPiece, other projects' tokenizers, files of text."""
