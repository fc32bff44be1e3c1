"""Turns a palette into the style of all widgets."""

# ruff: noqa: E501 - a style sheet reads best with one rule a line
from __future__ import annotations

from PyQt6 import QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.palette import Palette

_SHEET = """
* {{ font-size: {base}px; color: {text}; }}
QMainWindow, QDialog, QWidget#page {{ background: {window}; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {border}; padding: 4px; }}
QFrame#card {{ background: {panel}; border: 1px solid {border}; border-radius: 10px; }}
QLabel#title {{ color: {muted}; font-size: {small}px; }}
QLabel#muted, QLabel#note {{ color: {muted}; font-size: {small}px; }}
QLabel#faint {{ color: {faint}; font-size: {small}px; }}
QLabel#brand {{ font-size: {large}px; font-weight: 600; }}
QLabel#heading {{ font-size: {large}px; font-weight: 600; }}
QLabel#value {{ font-size: {value}px; font-weight: 600; }}
QLabel#hero {{ font-size: {hero}px; font-weight: 600; color: {clean}; }}
QLabel#word {{ font-size: {word}px; font-weight: 600; }}
QLabel#word[known="false"] {{ color: {faint}; }}
QLabel#hero[known="false"], QLabel#value[known="false"] {{ color: {faint}; }}
QPushButton, QToolButton, QComboBox {{
  background: {raised}; border: 1px solid {border}; border-radius: 7px; padding: 4px 10px; }}
QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {accent}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {border}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QSpinBox:focus, QTableView:focus,
QListView:focus {{ border: 1px solid {accent}; }}
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled {{ color: {faint}; }}
QPushButton#menu {{ padding-right: 22px; }}
QSpinBox::up-button, QSpinBox::down-button {{ width: 0; border: 0; }}
QPushButton:checked, QToolButton:checked {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QPushButton#primary {{ background: {accent}; color: {on_accent}; border-color: {accent}; font-weight: 600; }}
QComboBox::drop-down {{ border: 0; width: 14px; }}
QComboBox QAbstractItemView {{ background: {raised}; selection-background-color: {accent};
  selection-color: {on_accent}; border: 1px solid {border}; outline: 0; }}
QLineEdit, QSpinBox, QDoubleSpinBox {{ background: {raised}; border: 1px solid {border};
  border-radius: 7px; padding: 5px 8px; selection-background-color: {accent}; }}
QTabBar {{ background: transparent; }}
QTabBar::tab {{ background: transparent; color: {muted}; padding: 8px 16px; margin: 4px 2px;
  border-radius: 7px; }}
QTabBar::tab:hover {{ color: {text}; }}
QTabBar::tab:selected {{ background: {raised}; color: {text}; font-weight: 600; }}
QTabWidget::pane {{ border: 0; }}
QTableView, QListView {{ background: {panel}; alternate-background-color: {raised}; border: 1px solid {panel};
  gridline-color: {border}; selection-background-color: {raised}; selection-color: {text}; outline: 0; }}
QTableView::item, QListView::item {{ padding: 3px 6px; }}
QTableView::item:selected, QListView::item:selected {{ background: {border}; }}
QHeaderView::section {{ background: {panel}; color: {muted}; border: 0; padding: 4px 6px;
  font-size: {small}px; }}
QScrollBar:vertical {{ background: transparent; width: 9px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {border}; border-radius: 4px; min-height: 24px; }}
QScrollBar:horizontal {{ background: transparent; height: 9px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {border}; border-radius: 4px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSlider {{ background: transparent; min-height: 20px; }}
QSlider::groove:horizontal {{ background: {border}; height: 4px; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {accent}; border-radius: 2px; height: 4px; }}
QSlider::handle:horizontal {{ background: {text}; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; }}
QSlider::handle:horizontal:focus {{ background: {accent}; }}
QProgressBar {{ background: {raised}; border: 0; border-radius: 3px; max-height: 6px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: 15px; height: 15px; border: 1px solid {faint};
  background: {raised}; border-radius: 4px; }}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:checked, QRadioButton::indicator:checked {{ background: {accent}; border-color: {accent}; }}
QMenu {{ background: {raised}; border: 1px solid {border}; padding: 4px; }}
QMenu::item {{ padding: 5px 18px; border-radius: 5px; }}
QMenu::item:selected {{ background: {border}; }}
QSplitter::handle {{ background: transparent; }}
"""


def style_sheet(palette: Palette, base_px: int) -> str:
    """Return the style sheet of a theme at a font size in pixels."""
    return _SHEET.format(
        base=base_px,
        small=round(base_px * 0.88),
        large=round(base_px * 1.25),
        value=round(base_px * 1.6),
        word=round(base_px * 1.15),
        hero=round(base_px * 4.2),
        window=palette.window,
        panel=palette.panel,
        raised=palette.raised,
        border=palette.border,
        text=palette.text,
        muted=palette.muted,
        faint=palette.faint,
        accent=palette.accent,
        clean=palette.clean,
        on_accent=palette.window if palette.name == "dark" else "#ffffff",
    )


def apply_theme(app: QtWidgets.QApplication, palette: Palette, base_px: int) -> None:
    """Give the whole application a theme."""
    colours = QtGui.QPalette()
    role = QtGui.QPalette.ColorRole
    for which, colour in (
        (role.Window, palette.window),
        (role.Base, palette.panel),
        (role.AlternateBase, palette.raised),
        (role.Button, palette.raised),
        (role.WindowText, palette.text),
        (role.Text, palette.text),
        (role.ButtonText, palette.text),
        (role.PlaceholderText, palette.faint),
        (role.Highlight, palette.accent),
    ):
        colours.setColor(which, QtGui.QColor(colour))
    app.setPalette(colours)
    app.setStyleSheet(style_sheet(palette, base_px))
