// Which element of `root` has the focus: its kind, whether the focus can be seen, and how strongly it contrasts.
(root) => {
  const one = document.activeElement;
  if (!one || !root.contains(one)) return null;
  const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element.parentElement; each; each = each.parentElement) {
      const colour = rgb(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  const style = getComputedStyle(one);
  const [low, high] = [luminance(rgb(style.outlineColor)), luminance(ground(one))].sort((a, b) => a - b);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const all = [...root.querySelectorAll("*")];
  return { place: all.indexOf(one), outlined, contrast: outlined ? (high + 0.05) / (low + 0.05) : 0, html: one.outerHTML.slice(0, 160) };
};
