"""Builds a form from fields: one editor for each, with its help and its error message."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui.form_fields import UNSET, Field, FieldError, Kind, expectation, read, written
from app.ui.theme import Theme, fixed_font
from app.ui.translation import tr
from app.ui.widgets.card import Card
from app.ui.widgets.inputs import PASTE_REFUSED, TextArea, combo
from app.ui.widgets.layouts import vertical
from app.ui.widgets.switch import Switch
from app.ui.widgets.text import heading, label, show_text
from app.ui.wording import one_line

_LINES = {Kind.LONG: 4, Kind.TEXTS: 3, Kind.JSON: 5}
_LONGEST_CHOICE = 80


class Editor(QWidget):
    """The editor of one field: title, input, help and error. `bare` leaves out title and help."""

    changed = Signal()
    entered = Signal()

    def __init__(self, theme: Theme, field: Field, *, bare: bool = False) -> None:
        super().__init__()
        self.field = field
        self._problem = label(tone="bad", wrap=True, name="problem")
        self._problem.hide()
        is_empty = field.default is UNSET and field.kind is not Kind.SWITCH
        needed = " (needed)" if field.required and is_empty else ""
        title = heading(f"{field.title}{needed}", "strong", wrap=True)
        column = vertical(spacing=4)
        self.setLayout(column)
        if not bare:
            column.addWidget(title)
        self.input = self._build(theme)
        """What takes the focus. A focus proxy would stay at its old place in the tab order."""
        self.input.setAccessibleName(tr(field.title))
        self.input.setAccessibleDescription(tr(field.help))
        column.addWidget(self.input)
        self._help = label(field.help, tone="soft", wrap=True)
        self._help.setVisible(bool(field.help) and not bare)
        if not bare:
            column.addWidget(self._help)
            policy = self._problem.sizePolicy()
            policy.setRetainSizeWhenHidden(not field.help)
            self._problem.setSizePolicy(policy)
        column.addWidget(self._problem)
        self._is_bare = bare
        self.changed.connect(self._look_again)

    def value(self) -> Any:
        """Raises FieldError if the input is not valid; the editor shows why."""
        try:
            value = self._value()
        except FieldError as problem:
            self.show_problem(str(problem))
            raise
        self.show_problem("")
        return value

    def set_value(self, value: Any) -> None:
        """Show `value`; UNSET empties the editor."""
        raise NotImplementedError

    def show_problem(self, problem: str) -> None:
        """Show an error message in the place of the help; empty brings the help back."""
        show_text(self._problem, problem)
        self._help.setVisible(bool(self.field.help) and not problem and not self._is_bare)

    def _look_again(self) -> None:
        """Hide an error message as soon as the input is valid."""
        if self._problem.isVisible():
            with contextlib.suppress(FieldError):
                self._value()
                self.show_problem("")

    def _build(self, theme: Theme) -> QWidget:
        raise NotImplementedError

    def _value(self) -> Any:
        raise NotImplementedError


class _Line(Editor):
    def _build(self, theme: Theme) -> QWidget:
        self._edit = QLineEdit()
        self._edit.setPlaceholderText(tr(expectation(self.field)))
        self._edit.textChanged.connect(lambda _text: self.changed.emit())
        self._edit.returnPressed.connect(self.entered)
        self._edit.inputRejected.connect(self._show_cut)
        return self._edit

    def _show_cut(self) -> None:
        self.show_problem(f"This was cut: it takes {self._edit.maxLength():,} characters.")

    def set_value(self, value: Any) -> None:
        self._edit.setText(written(self.field, value))

    def _value(self) -> Any:
        return read(self.field, self._edit.text())


class _Text(Editor):
    def _build(self, theme: Theme) -> QWidget:
        self._edit = TextArea()
        lines = _LINES[self.field.kind]
        self._edit.setFixedHeight(self._edit.fontMetrics().lineSpacing() * lines + 16)
        self._edit.setTabChangesFocus(True)
        self._edit.setPlaceholderText(tr(self._hint()))
        if self.field.kind is Kind.JSON:
            self._edit.setFont(fixed_font())
        self._edit.textChanged.connect(self.changed)
        self._edit.refused.connect(lambda: self.show_problem(PASTE_REFUSED))
        return self._edit

    def _hint(self) -> str:
        kinds = {Kind.TEXTS: "One on each line", Kind.JSON: "JSON"}
        parts = (kinds.get(self.field.kind, ""), expectation(self.field))
        return ", ".join(part for part in parts if part)

    def set_value(self, value: Any) -> None:
        self._edit.setPlainText(written(self.field, value))

    def _value(self) -> Any:
        return read(self.field, self._edit.toPlainText())


class _Choice(Editor):
    def _build(self, theme: Theme) -> QWidget:
        self._box = combo(self.field.title, letters=8)
        self._values: list[Any] = list(self.field.choices)
        if not self.field.required and self.field.default not in self._values:
            self._values.insert(0, UNSET)
        names = list(self.field.words or map(str, self.field.choices))
        if len(names) < len(self._values):
            names.insert(0, "Not set")
        for words in names:
            self._box.addItem(tr(one_line(words, _LONGEST_CHOICE) or "(empty)"))
        self.set_value(self.field.default)
        self._box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        return self._box

    def set_value(self, value: Any) -> None:
        self._box.setCurrentIndex(self._values.index(value) if value in self._values else 0)

    def _value(self) -> Any:
        return self._values[self._box.currentIndex()]


class _Switch(Editor):
    def _build(self, theme: Theme) -> QWidget:
        self._switch = Switch(theme, self.field.title)
        self.set_value(self.field.default)
        self._switch.toggled.connect(lambda _on: self.changed.emit())
        return self._switch

    def set_value(self, value: Any) -> None:
        self._switch.show_state(value is True)

    def _value(self) -> Any:
        return self._switch.isChecked()


class _Group(Editor):
    def __init__(self, theme: Theme, field: Field, *, bare: bool = False) -> None:
        super().__init__(theme, field, bare=bare)
        if self._form.editors:
            self.input = self._form.editors[0].input

    def _build(self, theme: Theme) -> QWidget:
        self._form = Form(theme, self.field.parts)
        self._form.changed.connect(self.changed)
        return Card(self._form)

    def set_value(self, value: Any) -> None:
        self._form.set_values(value if isinstance(value, Mapping) else {})

    def _value(self) -> Any:
        values = self._form.values()
        return values if values or self.field.required else UNSET


_EDITORS: dict[Kind, type[Editor]] = {
    Kind.TEXT: _Line,
    Kind.INTEGER: _Line,
    Kind.NUMBER: _Line,
    Kind.LONG: _Text,
    Kind.TEXTS: _Text,
    Kind.JSON: _Text,
    Kind.CHOICE: _Choice,
    Kind.SWITCH: _Switch,
    Kind.GROUP: _Group,
}


def editor(theme: Theme, field: Field, *, bare: bool = False) -> Editor:
    return _EDITORS[field.kind](theme, field, bare=bare)


class Form(QWidget):
    """Editors for `fields`, one below the other."""

    changed = Signal()
    entered = Signal()

    def __init__(self, theme: Theme, fields: Sequence[Field]) -> None:
        super().__init__()
        self.editors = tuple(editor(theme, field) for field in fields)
        for each in self.editors:
            each.changed.connect(self.changed)
            each.entered.connect(self.entered)
        nothing = label("This needs nothing filled in.", tone="soft")
        self.setLayout(vertical(*(self.editors or (nothing,)), spacing=12))

    def values(self) -> dict[str, Any]:
        """The values of all fields that are not empty.

        Raises:
            FieldError: the first invalid input; each invalid editor shows why.
        """
        values: dict[str, Any] = {}
        problems: list[tuple[Editor, FieldError]] = []
        for each in self.editors:
            try:
                value = each.value()
            except FieldError as problem:
                problems.append((each, problem))
                continue
            if value is not UNSET:
                values[each.field.name] = value
        if problems:
            problems[0][0].input.setFocus()
            raise problems[0][1]
        return values

    def typed(self) -> dict[str, Any]:
        """The valid values only, to fill another form of the same tool."""
        values = {}
        for each in self.editors:
            with contextlib.suppress(FieldError):
                values[each.field.name] = each.value()
        return {name: value for name, value in values.items() if value is not UNSET}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show `values`; fields without one show their default."""
        for each in self.editors:
            absent = each.field.default if each.field.kind in _SHOW_DEFAULT else UNSET
            each.set_value(values.get(each.field.name, absent))


_SHOW_DEFAULT = (Kind.SWITCH, Kind.CHOICE)
