"""What a reader sees in a PDF: text, faces of the font, and the squares of a QR code."""

import unicodedata

from pypdfium2 import PdfDocument, raw

QrSquares = tuple[tuple[bool, ...], ...]

_DARK = 128
_SCALE = 6
_SMALLEST_QR_PT = 40


def squeezed(text: str) -> str:
    """A text without white space, as lines end elsewhere on paper than in the facts."""
    return "".join(unicodedata.normalize("NFC", text).split())


def page_texts(pdf: bytes) -> list[str]:
    document = PdfDocument(pdf)
    return [squeezed(page.get_textpage().get_text_range()) for page in document]


def text_of(pdf: bytes) -> str:
    return "".join(page_texts(pdf))


def page_sizes_mm(pdf: bytes) -> set[tuple[int, int]]:
    sizes = (page.get_size() for page in PdfDocument(pdf))
    return {(round(width / 72 * 25.4), round(height / 72 * 25.4)) for width, height in sizes}


def metadata_of(pdf: bytes) -> dict[str, str]:
    return dict(PdfDocument(pdf).get_metadata_dict())


def faces_of(pdf: bytes) -> set[str]:
    """The faces that text is set in, without the mark of a subset."""
    return {
        item.get_font().get_base_name().partition("+")[2]
        for page in PdfDocument(pdf)
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT])
    }


def text_boxes_mm(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of each piece of text, page after page."""
    return [
        tuple(edge / 72 * 25.4 for edge in item.get_bounds())
        for page in PdfDocument(pdf)
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT])
    ]


def left_edges_of(pdf: bytes, word: str) -> list[float]:
    """Where pieces of text that are this word begin on the first page, in reading order."""
    page = PdfDocument(pdf)[0]
    text = page.get_textpage()
    return [
        item.get_bounds()[0]
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], textpage=text)
        if item.extract().strip() == word
    ]


def line_texts(pdf: bytes) -> list[str]:
    """The lines of the first page as a reader takes them up."""
    text = PdfDocument(pdf)[0].get_textpage().get_text_range()
    return [unicodedata.normalize("NFC", line).strip() for line in text.splitlines()]


def line_box_mm(pdf: bytes, words: str) -> tuple[float, float]:
    """The left and right edge of words on the first page, where they stand first."""
    text = PdfDocument(pdf)[0].get_textpage()
    place = unicodedata.normalize("NFC", text.get_text_range()).index(words)
    boxes = [text.get_charbox(n) for n in range(place, place + len(words))]
    return min(box[0] for box in boxes) / 72 * 25.4, max(box[2] for box in boxes) / 72 * 25.4


def sizes_of_lines(pdf: bytes) -> list[tuple[str, int]]:
    """The lines of the first page with the size of their first letter, in points."""
    text = PdfDocument(pdf)[0].get_textpage()
    whole = text.get_text_range()
    found, at = [], 0
    for line in whole.splitlines(keepends=True):
        size = round(raw.FPDFText_GetFontSize(text, at))
        found.append((unicodedata.normalize("NFC", line.strip()), size))
        at += len(line)
    return found


def qr_squares(pdf: bytes, modules: int) -> QrSquares:
    """Look at the middle of every square of the QR code on the first page, as printed."""
    page = PdfDocument(pdf)[0]
    left, bottom, right, top = next(
        bounds
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH])
        if min(_extent(bounds := item.get_bounds())) > _SMALLEST_QR_PT
    )
    bitmap = page.render(scale=_SCALE, grayscale=True)
    pixels = bytes(bitmap.buffer)
    # Squares are strokes, and the bounds reach a whole stroke beyond the first and last middle.
    side = (top - bottom) / (modules + 1)
    middle_x, middle_y = (left + right) / 2, page.get_height() - (top + bottom) / 2

    def is_dark(row: int, column: int) -> bool:
        x = middle_x + (column + 0.5 - modules / 2) * side
        y = middle_y + (row + 0.5 - modules / 2) * side
        return bool(pixels[int(y * _SCALE) * bitmap.stride + int(x * _SCALE)] < _DARK)

    return tuple(tuple(is_dark(row, column) for column in range(modules)) for row in range(modules))


def _extent(bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    left, bottom, right, top = bounds
    return right - left, top - bottom
