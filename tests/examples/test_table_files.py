"""Tables as people have them: read and said, or refused with the cause."""

import gzip

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.table_files import AS_FOUND, Columns, TableForm, read_table, read_table_texts

TEXT_AND_LABEL = Columns("text", label="label")
HINT = "Set task.text, task.second_text and task.label to columns of the file."


def write(tmp_path, name: str, content: str | bytes):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path, form: TableForm = AS_FOUND) -> list[str]:
    with pytest.raises(UserError) as caught:
        read_table(path, TEXT_AND_LABEL, form)
    return [caught.value.message, caught.value.hint]


@pytest.mark.parametrize(
    ("name", "content", "separated"),
    [
        ("t.csv", "text,label\n{}a,b{},c\n", None),
        ("t.csv", "text;label\n{}a;b{};c\n", "semicolons"),
        ("t.csv", "text\tlabel\n{}a\tb{}\tc\n", "tabs"),
        ("t.csv", "text|label\n{}a|b{}|c\n", "bars"),
        ("t.tsv", "text,label\n{}a,b{},c\n", "commas"),
        ("t.tsv", "{}text{}\tlabel\n{}a\tb{}\tc\n", "tabs and quoted"),
        ("t.csv", "sep=;\r\ntext;label\r\n{}a;b{};c\r\n", "semicolons"),
    ],
)
def test_the_header_tells_what_separates_cells(tmp_path, name, content, separated):
    path = write(tmp_path, name, content.replace("{}", '"'))
    table = read_table(path, TEXT_AND_LABEL)
    (_, (text, label)) = table.rows[0]
    assert (text[0], text[-1], len(text), label) == ("a", "b", 3, "c")
    assert table.notes == ([f"{name}: cells are separated by {separated}"] if separated else [])


def test_names_may_differ_in_case_and_outer_blanks_which_is_said(tmp_path):
    table = read_table(write(tmp_path, "t.csv", "\ufeff Text , LABEL\nx,a\n"), TEXT_AND_LABEL)
    assert table.rows == [(2, ("x", "a"))]
    assert table.notes == ["t.csv: the column 'Text ' for 'text', 'LABEL' for 'label' is taken"]
    table = read_table(write(tmp_path, "t.jsonl", '{"Text": "x", "label": "a"}\n'), TEXT_AND_LABEL)
    assert table.notes == ["t.jsonl: the column 'Text' for 'text' is taken"]


def test_a_name_that_is_equal_goes_before_one_that_differs_in_case(tmp_path):
    table = read_table(write(tmp_path, "t.csv", "Text,text,label\nx,y,a\n"), TEXT_AND_LABEL)
    assert table.rows == [(2, ("y", "a"))] and table.notes == []
    path = write(tmp_path, "t.csv", "Text,TEXT,label\nx,y,a\n")
    assert refused(path) == [
        f"The name of a column must mean one. Received: 'text' for 'Text' and 'TEXT' in {path}:1",
        "Name the column exactly as it is written there.",
    ]


def test_the_error_for_a_missing_column_shows_how_the_file_is_separated_and_a_name_that_is_near(tmp_path):
    path = write(tmp_path, "t.csv", "id;texts;label\n1;x;a\n")
    message, hint = refused(path)
    assert message == (
        "A task file must have the columns that the recipe names, 'text' too. "
        f"Received: 'id', 'texts', 'label', separated by semicolons, in {path}:1"
    )
    assert hint == f"{HINT} Did you mean 'texts'?"
    path = write(tmp_path, "t.csv", "3,the first line is an example\n")
    assert refused(path)[1] == f"{HINT} A file whose first line is an example needs a line of names above it."


def test_a_named_delimiter_is_taken_and_allows_quoting(tmp_path):
    path = write(tmp_path, "t.tsv", 'text\tlabel\n"x ""y"""\ta\n')
    unquoted = read_table(path, TEXT_AND_LABEL)
    assert unquoted.rows == [(2, ('"x ""y"""', "a"))]
    assert unquoted.notes == [
        "t.tsv: rows that keep quotation marks around a cell: 1; task.delimiter='\\t' takes them away"
    ]
    assert read_table(path, TEXT_AND_LABEL, TableForm(delimiter="\t")).rows == [(2, ('x "y"', "a"))]
    path = write(tmp_path, "t.csv", "text~label\nx~a\n")
    assert read_table(path, TEXT_AND_LABEL, TableForm(delimiter="~")).rows == [(2, ("x", "a"))]


def test_an_exact_form_finds_nothing_out(tmp_path):
    path = write(tmp_path, "t.tsv", "Text\tlabel\nx\ta\n")
    assert refused(path, TableForm(is_exact=True))[0] == (
        "A task file must have the columns that the recipe names, 'text' too. "
        f"Received: 'Text', 'label' in {path}:1"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_lines_may_end_in_any_of_three_ways(tmp_path, name, end):
    text = '"x{}y"' if name == "t.csv" else "x"
    mark = "," if name == "t.csv" else "\t"
    lines = [f"text{mark}label", f"{text.format(end)}{mark}a", "", f"z{mark}b"]
    table = read_table(write(tmp_path, name, end.join(lines)), TEXT_AND_LABEL)
    assert table.rows == [(2, (text.format("\n").strip('"'), "a")), (5 if name == "t.csv" else 4, ("z", "b"))]


def test_a_row_is_named_by_the_line_where_it_begins(tmp_path):
    path = write(tmp_path, "t.csv", 'text,label\n"x\n\ny",a\nz,b,c\n')
    assert refused(path)[0] == (
        f"Each line must have as many cells as the header, 2. Received: 3 in {path}:5"
    )
    path = write(tmp_path, "t.csv", 'text,label\nw,a\n"x\n\ny,a\nz,b\n')
    assert refused(path)[0] == (
        f"A .csv file must be quoted as spreadsheets do. Received: {path}:3 (unexpected end of data)"
    )


def test_cells_may_be_longer_than_the_csv_module_allows_by_itself(tmp_path):
    table = read_table(write(tmp_path, "t.csv", f"text,label\n{'x' * 200_000},a\n"), TEXT_AND_LABEL)
    assert len(table.rows[0][1][0]) == 200_000


def test_blank_cells_at_the_end_of_a_row_or_in_all_of_it_are_no_cells(tmp_path):
    table = read_table(write(tmp_path, "t.csv", "text,label\nx,a,,\n,\n,,,\n\ny,b\n"), TEXT_AND_LABEL)
    assert table.rows == [(2, ("x", "a")), (6, ("y", "b"))]
    assert table.notes == ["t.csv: rows of blank cells are left out, 2 of them"]


@pytest.mark.parametrize("mark", ["utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path, name, mark):
    content = "text,label\ncafé,a\n" if name == "t.csv" else '{"text": "café", "label": "a"}\n'
    table = read_table(write(tmp_path, name, content.encode(mark)), TEXT_AND_LABEL)
    assert [values for _, values in table.rows] == [("café", "a")]
    assert table.notes == [f"{name} is read as {mark}"]


def test_another_encoding_is_guessed_in_the_hint_and_can_be_named(tmp_path):
    path = write(tmp_path, "t.csv", "text,label\ncafé,a\n".encode("cp1252"))
    message, hint = refused(path)
    assert (
        message
        == f"A text file must be UTF-8 without NUL bytes. Received: {path} with byte 0xe9 at offset 14"
    )
    assert hint == (
        "In Western files of Windows and Excel this byte is 'é': set task.encoding=cp1252 where it is a task's own "
        f"file, convert it with `iconv -f cp1252 -t UTF-8 {path}`, or save it as CSV UTF-8."
    )
    assert read_table(path, TEXT_AND_LABEL, TableForm(encoding="cp1252")).rows == [(2, ("café", "a"))]
    path = write(tmp_path, "t.csv", "text,label\ncafé,a\n".encode("utf-16-le"))
    assert refused(path)[1].startswith(
        "Every second byte is zero, as in UTF-16 without a mark: set task.encoding=utf-16-le"
    )
    assert read_table(path, TEXT_AND_LABEL, TableForm(encoding="utf-16-le")).rows == [(2, ("café", "a"))]
    path = write(tmp_path, "t.csv", "text,label\ncafé,a\n")
    message, hint = refused(path, TableForm(encoding="ascii"))
    assert message == (
        "A file must be in the encoding that is named for it, ascii. "
        f"Received: {path} with byte 0xc3 at offset 14"
    )
    assert hint == "Name another encoding, or convert the file with `iconv -f ENCODING -t UTF-8`."


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    "content", ['{"text": "Größe", "label": "a"}\n', '[\n{"text": "Größe", "label": "a"}\n]']
)
def test_rows_of_json_are_not_in_the_encoding_that_is_named_for_cells(tmp_path, mark, content):
    path = write(tmp_path, "t.jsonl", content.encode(mark))
    table = read_table(path, TEXT_AND_LABEL, TableForm(encoding="cp1252"))
    assert [values for _, values in table.rows] == [("Größe", "a")]
    assert not [note for note in table.notes if "cp1252" in note]


def test_json_in_another_encoding_is_to_be_converted(tmp_path):
    path = write(tmp_path, "t.jsonl", '{"text": "Größe", "label": "a"}\n'.encode("cp1252"))
    message, hint = refused(path, TableForm(encoding="cp1252"))
    assert message.startswith(f"A text file must be UTF-8 without NUL bytes. Received: {path} with byte 0xf6")
    assert hint == (
        "In Western files of Windows and Excel this byte is 'ö': "
        f"convert it with `iconv -f cp1252 -t UTF-8 {path}`, or save it as UTF-8."
    )


def test_a_named_encoding_that_is_unlikely_is_said(tmp_path):
    table = read_table(
        write(tmp_path, "t.csv", "text,label\ncafé,a\n"), TEXT_AND_LABEL, TableForm(encoding="cp1252")
    )
    assert table.rows == [(2, ("cafÃ©", "a"))]
    assert table.notes == ["t.csv is valid UTF-8 and read as cp1252, which is named for it"]


def test_a_header_whose_quotation_mark_is_never_closed_is_named(tmp_path):
    path = write(tmp_path, "t.csv", 'text,"label\n' + "x,a\n" * 100)
    assert refused(path)[0] == (
        f"A .csv file must be quoted as spreadsheets do. Received: {path}:1 (unexpected end of data)"
    )
    path = write(tmp_path, "t.csv", f"{'x' * 1000}," + ",".join(map(str, range(99))) + "\n")
    assert len(refused(path)[0]) < 700


def test_what_is_no_text_is_told_by_its_first_bytes(tmp_path):
    path = write(tmp_path, "t.csv", b"PK\x03\x04xl/worksheets")
    assert refused(path) == [
        f"A table must be a text file. Received: {path}, which is a zip archive or an Excel workbook",
        "Save the sheet as CSV UTF-8, or unpack the archive.",
    ]
    path = write(tmp_path, "t.csv", gzip.compress(b"text,label\n"))
    assert refused(path) == [
        f"A table must be a text file. Received: {path}, which is packed by gzip",
        "Name the file t.csv.gz.",
    ]


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("t.csv", 'n,body\n1,x\n\n2,\n,\n3,"y\nz"\n', [2, 4, 5, 6]),
        ("t.tsv", "body\nx\n\n \ny\n", [2, 3, 4, 5]),
        ("t.jsonl", '{"body": "x"}\n\n{"body": null}\n{"body": ""}\n{"body": "y"}\n', [1, 3, 4, 5]),
        (
            "t.jsonl",
            '[{"body": "x"},\n {"body": null},\n {"body": ""}, {"body": "y"}]\n',
            ["1, item 1", "2, item 2", "3, item 3", "3, item 4"],
        ),
    ],
)
def test_texts_without_labels_come_row_by_row_blank_ones_too(tmp_path, name, content, lines):
    found = read_table_texts(write(tmp_path, name, content), Columns("body"))
    assert [text.strip()[:1] for text in found.texts] == ["x", "", "", "y"]
    assert (found.second_texts, found.lines) == (None, lines)


def test_second_texts_without_labels(tmp_path):
    path = write(tmp_path, "t.csv", "q;a\nwho?;me\nwhen?;\n")
    found = read_table_texts(path, Columns("q", "a"))
    assert (found.texts, found.second_texts) == (["who?", "when?"], ["me", ""])
    with pytest.raises(UserError) as caught:
        read_table_texts(write(tmp_path, "t.csv", "q,a\n"), Columns("q", "a"))
    assert caught.value.message == f"A file of texts must have rows. Received: {path} without any"


def test_blanks_before_a_quoted_cell_are_no_part_of_it(tmp_path):
    table = read_table(write(tmp_path, "t.csv", 'text, label\n"x, y", "a"\nz,  b\n'), TEXT_AND_LABEL)
    assert table.rows == [(2, ("x, y", "a")), (3, ("z", "b"))]


def test_files_of_other_kinds_are_told_how_to_become_tables(tmp_path):
    assert refused(tmp_path / "t.xlsx") == [
        f"A task file must end in .tsv, .csv or .jsonl, with or without .gz. Received: {tmp_path}/t.xlsx",
        "Save the sheet as CSV UTF-8.",
    ]
