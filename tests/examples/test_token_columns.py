"""Files with one token per line: columns, comments, tags, and what a bad line gets."""

CONLL = "Ada B-PER\nKing I-PER\nsaw O\nParis B-LOC\n\nRome B-LOC\n"


def test_columns_are_chosen_from_both_ends(write_file, load_tokens, entities):
    path = write_file("t.conll", "1 Ada NNP B-PER x\n2 saw VBD O x\n")
    task = load_tokens(path, token_column=1, label_column=-2)
    assert entities(task.train) == [[("Ada", "PER")]] and task.train.texts == ["Ada saw"]


def test_between_tabs_a_token_may_hold_a_blank(write_file, load_tokens, entities):
    task = load_tokens(write_file("t.tsv", "New York\tB-LOC\t\nis\tO\n"))
    assert entities(task.train) == [[("New York", "LOC")]]
    assert task.train.words == [[(0, 8), (9, 11)]]


def test_white_space_of_another_kind_is_a_token(write_file, load_tokens):
    task = load_tokens(write_file("t.conll", "\u00a0 O\nAda B-PER\n"))
    assert task.train.texts == ["\u00a0 Ada"]


def test_documents_and_comments_are_no_tokens(write_file, load_tokens, entities):
    content = (
        "# id = 1\n# text = Vitamin O\n-DOCSTART- -X- O\nAda NN B-PER\n-DOCSTART- -X- O\n\n\n"
        "#\tsource\n# NN O\n# in the middle\n1 NN O\n \t\n#\n#ada NN B-TAG"
    )
    task = load_tokens(write_file("t.conll", content))
    assert task.train.texts == ["Ada", "# 1", "#ada"]
    assert entities(task.train) == [[("Ada", "PER")], [], [("#ada", "TAG")]]


def test_a_column_beyond_the_line_is_refused(write_file, refused_tokens):
    path = write_file("t.conll", "a b O\n")
    assert refused_tokens(path, label_column=3)[0] == (
        "Each line must have the columns that the recipe names, 0 for the token and 3 for its tag. "
        f"Received: 3 columns in {path}:1"
    )
    assert refused_tokens(path, token_column=-4)[0].endswith(f"Received: 3 columns in {path}:1")


def test_comments_between_tagged_words_of_conll_u_are_no_tokens(write_file, load_tokens, entities):
    lines = ["# sent_id = 1", "# text = a b c d e f g", "1\ta\ta\tDET\t_\t_\t2\tdet\t_\t_",
             "2\t#\t#\tSYM\t_\t_\t0\troot\t_\t_"]  # fmt: skip
    task = load_tokens(write_file("t.txt", "\n".join(lines)), kind="tags", token_column=1, label_column=3)
    assert entities(task.train) == [[("a", "DET"), ("#", "SYM")]]


CONLL_U = (
    "# text = Il va au bois\n1\tIl\tPRON\n2\tva\tVERB\n3-4\tau\t_\n3\ta\tADP\n4\tle\tDET\n5\tbois\tNOUN\n"
    "5.1\tva\tVERB\n\n1\tOui\tINTJ\n"
)


def test_ranges_and_empty_nodes_of_conll_u_are_no_words_and_are_counted(write_file, load_tokens, entities):
    task = load_tokens(write_file("t.txt", CONLL_U), kind="tags", token_column=1)
    assert task.train.texts == ["Il va a le bois", "Oui"]
    assert entities(task.train)[0][2:4] == [("a", "ADP"), ("le", "DET")]
    assert task.notes == (
        "t.txt: ranges of words and empty nodes, as CoNLL-U has them, are left out, 2 of them",
    )


def test_numbers_that_count_no_words_are_no_reason_to_leave_a_line_out(write_file, load_tokens):
    task = load_tokens(write_file("t.txt", "0.5 Ada B-PER\n1 saw O\n1.5 Rome B-LOC\n"), token_column=1)
    assert task.train.texts == ["Ada saw Rome"] and task.notes == ()
    task = load_tokens(write_file("u.txt", "1 B-NUM\n2-3 B-NUM\n2 B-NUM\n"))
    assert task.train.texts == ["1 2-3 2"] and task.notes == ()


def test_each_word_needs_a_tag(write_file, refused_tokens):
    gap = write_file("t.tsv", "a\tDET\tx\nb\t\tx\n")
    assert refused_tokens(gap, kind="tags", label_column=1) == (
        f"Each word must have a tag. Received: {gap}:2 without one", "Fill it in.",
    )  # fmt: skip


def test_columns_are_counted_and_not_named(write_file, refused_tokens):
    path = write_file("t.conll", CONLL)
    assert refused_tokens(path, label_column="ner_tags") == (
        (
            "Columns of a file with one token per line are counted from 0. "
            f"Received: task.token_column 0 and task.label_column ner_tags for {path}"
        ),
        "Set both to numbers; names are for rows of JSON.",
    )
