"""What `mbert predict` needs."""

from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke


def test_the_newest_model_is_opened_with_rows_as_long_as_the_command_wants(make_run):
    run = make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    assert resolve(invoke("predict", "quickstart", [], {})).model.path == run
    ready = resolve(invoke("predict", "quickstart", ["task.sequence_length=16"], {}))
    assert ready.model.sequence_length == 16
