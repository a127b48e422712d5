"""More training examples from few: words of a text replaced by candidates of a masked LM and of word vectors."""
