//! Whether the page can be read: the contrast of every text with what is behind it.

/// The contrast that people with weak eyes need, by the Web Content Accessibility Guidelines, level AA.
pub(super) const CONTRAST_MIN: f64 = 4.5;

/// In the page: the texts whose contrast is less than `least`, each with its contrast.
pub(super) fn too_faint(least: f64) -> String {
    format!("({SCRIPT})({least})")
}

const SCRIPT: &str = r#"(least) => {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !parent.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(parent).color)), light(behind(parent))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least) faint.add(`${contrast.toFixed(1)}: ${walker.currentNode.data.trim()}`);
  }
  return [...faint].slice(0, 10);
}"#;
