"""Whether a figure can be read: no text over another, none beyond its edge."""

import matplotlib

# what quanTIseq tells apart, as axes name it
LABELS = ["B cells", "M1 macrophages", "M2 macrophages", "Monocytes", "Neutrophils", "NK cells", "CD4+ T cells",
          "CD8+ T cells", "Regulatory T cells", "Dendritic cells", "Other cells"]  # fmt: skip


def boxes_of_text(figure) -> dict:
    """The words of a figure and where they stand; labels of ticks beyond the limits are never drawn."""
    figure.canvas.draw()
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    beyond = {label for axis in axes for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)
              if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())}  # fmt: skip
    beyond |= {text for axis in axes if not axis.axes.axison for text in axis.findobj(matplotlib.text.Text)}
    shown = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text().strip() and text.get_visible()]
    return {text: matplotlib.text.Text.get_window_extent(text) for text in shown if text not in beyond}


def assert_readable(figure, within: bool = True) -> None:
    """No text prints over another (a pixel is forgiven), and none beyond the figure's edge."""
    boxes = list(boxes_of_text(figure).items())
    for i, (text, box) in enumerate(boxes):
        if within:
            assert box.x0 > -1 and box.y0 > -1, text
            assert box.x1 < figure.bbox.x1 + 1 and box.y1 < figure.bbox.y1 + 1, text
        for other, second in boxes[:i] if text.get_rotation() % 90 == 0 else []:
            if other.get_rotation() % 90:
                continue  # the box of slanting words holds much that they do not cover
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            up = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert across <= 1.5 or up <= 1.5, (text.get_text(), other.get_text())
