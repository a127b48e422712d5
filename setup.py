"""Everything but the recipes is in setup.cfg: they lie outside the package and travel inside it."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["mbert_cli", "mbert_cli.*"]), "mbert_cli.recipes"],
    package_dir={"mbert_cli.recipes": "recipes"},
    package_data={
        "mbert_cli": ["py.typed"],
        "mbert_cli.report": ["*.css"],
        "mbert_cli.phone": ["web/*"],
        "mbert_cli.recipes": ["*/*.yaml"],
    },
)
