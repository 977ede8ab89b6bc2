"""An import contract that import-linter lacks: modules may import nothing but what is named."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """Modules import the standard library, their own package part and the `allowed` modules; nothing else."""

    modules: Any = fields.ListField(subfield=fields.StringField())
    allowed: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - the base class's signature
        """Look at every module below each of `modules`."""
        del verbose
        broken = []
        for root in self.modules:
            for module in sorted({root, *graph.find_descendants(root)}):
                for imported in sorted(graph.find_modules_directly_imported_by(module)):
                    if not self._permitted(imported, root):
                        broken.append(f"{module} imports {imported}")  # noqa: PERF401 - three loops in one are unreadable
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """List what is imported against the contract."""
        for line in check.metadata["broken"]:
            output.print_error(line, bold=False)

    def _permitted(self, imported: str, root: str) -> bool:
        if imported.partition(".")[0] in sys.stdlib_module_names:
            return True
        return any(imported == name or imported.startswith(f"{name}.") for name in (root, *self.allowed))
