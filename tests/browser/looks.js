// What a person with other eyes, or without a mouse, would miss in a part of the page:
// texts whose contrast with what lies behind them is below `least`, and controls without a name.
(root, least) => {
  const parts = (colour) => {
    const found = colour.match(/[\d.]+/g).map(Number);
    return { rgb: found.slice(0, 3), alpha: found.length > 3 ? found[3] : 1 };
  };
  const over = (front, back) => front.rgb.map((one, at) => one * front.alpha + back[at] * (1 - front.alpha));
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(parts(getComputedStyle(one).backgroundColor));
    return layers.reduceRight((back, front) => over(front, back), [255, 255, 255]);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const faded = (element) => {
    let opacity = 1;
    for (let one = element; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
    return opacity;
  };
  const seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
  const off = (element) => element.closest("[disabled]") !== null;
  const ownText = (element) =>
    element.matches("input, select, textarea")
      ? element.value
      : [...element.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data).join("").trim();

  const faint = [];
  let looked = 0;
  for (const element of root.querySelectorAll("*")) {
    if (!seen(element) || off(element) || element.matches("style, option, [type=checkbox]")) continue;
    const pseudo = element.matches("input, textarea") && !element.value ? "::placeholder" : null;
    const text = pseudo ? element.placeholder : ownText(element);
    if (!text || text === "\u200b") continue;
    looked += 1;
    const back = ground(element);
    const front = parts(getComputedStyle(element, pseudo).color);
    front.alpha *= faded(element);
    const found = contrast(over(front, back), back);
    if (found < least) faint.push(`${found.toFixed(2)} ${text.slice(0, 40)}`);
  }

  const name = (element) =>
    element.getAttribute("aria-label") ||
    [...(element.labels || [])].map((one) => one.innerText).join("") ||
    element.innerText ||
    element.querySelector("img")?.alt ||
    element.title ||
    "";
  const controls = [...root.querySelectorAll("a[href], button, input, select, textarea, summary, [role=tab], [role=slider], [tabindex='0']")].filter(seen);
  const unnamed = controls.filter((one) => !name(one).replace(/\u200b/g, "").trim()).map((one) => one.outerHTML.slice(0, 120));
  return { faint, unnamed, looked, controls: controls.length };
};
