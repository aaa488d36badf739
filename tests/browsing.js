// What tests ask of a page of the app: see browsing.py, which puts this into every page.
window.look = (() => {
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 2 && box.height > 2
      && !(element.closest('[data-testid="stSidebar"]')?.getBoundingClientRect().right < 2)
      && element.checkVisibility({opacityProperty: true, visibilityProperty: true});
  };

  // Elements that have text of their own and can be seen; drawings and tables are no such.
  const texts = () => [...document.querySelectorAll('body *')].filter((element) =>
    !element.closest('svg, canvas, style, script, noscript, [data-testid="portal"]')
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
    && seen(element));
  const words = (element) => element.textContent.trim().slice(0, 60);

  // Whether the script has ended, every chart is drawn, and for `rest` ms nothing has grown.
  const atRest = (rest) => {
    const app = document.querySelector('[data-testid="stApp"]');
    const moving = !app || app.dataset.testScriptState !== 'notRunning'
      || app.dataset.testConnectionState !== 'CONNECTED'
      || document.querySelector('[data-testid="stSpinner"], [data-testid="stSkeleton"]')
      || document.querySelector('[data-testid="stAppSkeleton"], [data-stale="true"]')
      || !document.querySelector('[data-testid="stMainBlockContainer"] h1')
      || [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')]
           .some(chart => !chart.querySelector('svg, canvas'));
    const now = performance.now();
    const size = ['stMain', 'stSidebar'].map((name) => {
      const box = document.querySelector(`[data-testid="${name}"]`);
      return box && [box.scrollHeight, box.scrollWidth, box.getBoundingClientRect().right];
    }).join();
    if (moving || window.__size !== size) {
      window.__size = size;
      window.__still = now;
    }
    return !moving && now - window.__still >= rest;
  };

  const cut = () => {
    const cut = texts().filter((element) => {
      if (element.closest('[data-testid="stIconMaterial"], .katex')) return false;
      for (let box = element; box && box !== document.body; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (['auto', 'scroll'].includes(style.overflowX)) return false;
        if (['hidden', 'clip'].includes(style.overflowX) && box.scrollWidth > box.clientWidth + 1)
          return true;
        if (box.matches('[data-testid="stMain"], [data-testid="stSidebar"]')) return false;
      }
      return false;
    }).map(words);
    const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')].filter(seen);
    for (const chart of charts) {
      const frame = chart.querySelector('svg')?.getBoundingClientRect();
      for (const text of frame ? chart.querySelectorAll('svg text') : []) {
        const box = text.getBoundingClientRect();
        const label = text.textContent.trim();
        const lost = box.left < frame.left - 2 || box.right > frame.right + 2
          || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
        if (label && box.width && getComputedStyle(text).opacity !== '0'
            && (lost || label.endsWith('…')))
          cut.push('in a chart: ' + label.slice(0, 60));
      }
    }
    return cut;
  };

  const overlaps = () => {
    const found = [];
    for (const chart of document.querySelectorAll('[data-testid="stVegaLiteChart"] svg')) {
      const labels = [...chart.querySelectorAll('text')].filter((text) =>
        text.textContent.trim() && getComputedStyle(text).opacity !== '0'
        && !/rotate/.test(text.getAttribute('transform') || ''))
        .map((text) => [text.textContent.trim(), text.getBoundingClientRect()]);
      for (let i = 0; i < labels.length && labels.length < 400; i++)
        for (let j = i + 1; j < labels.length; j++) {
          const [one, a] = labels[i], [other, b] = labels[j];
          const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (width > 2 && height > 0.3 * Math.min(a.height, b.height))
            found.push(one.slice(0, 40) + ' | ' + other.slice(0, 40));
        }
    }
    return found;
  };

  const faint = () => {
    const number = (colour) => {
      const found = colour.match(/[\d.]+/g)?.map(Number) || [0, 0, 0, 0];
      const scale = colour.startsWith('color(') ? 255 : 1;
      return [found[0] * scale, found[1] * scale, found[2] * scale, found[3] ?? 1];
    };
    const over = ([r, g, b, a], below) =>
      [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
    const ground = (element) => {
      const layers = [];
      for (let box = element; box; box = box.parentElement) {
        const colour = number(getComputedStyle(box).backgroundColor);
        if (colour[3] > 0) layers.push(colour);
        if (colour[3] === 1) break;
      }
      return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const light = (colour) => {
      const [r, g, b] = colour.map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
      const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
      return (high + 0.05) / (low + 0.05);
    };
    const faded = (element) => {
      let share = 1;
      for (let box = element; box; box = box.parentElement) share *= getComputedStyle(box).opacity;
      return share;
    };
    const found = [];
    const check = (element, ink, needed) => {
      const [r, g, b, a] = number(ink);
      const below = ground(element);
      const ratio = contrast(over([r, g, b, a * faded(element)], below), below);
      if (ratio < needed - 0.02) found.push(ratio.toFixed(2) + ': ' + words(element));
    };
    for (const element of texts()) {
      // What cannot be used needs no contrast; a slider's figure stands above its own box; a
      // tooltip may be on its way in or out.
      if (element.closest(':disabled, [aria-disabled="true"], [data-testid="stSliderThumbValue"],'
          + '[data-testid="stTooltipContent"]'))
        continue;
      const style = getComputedStyle(element);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const icon = element.closest('[data-testid="stIconMaterial"]');
      // One colour is a pill's letters and the ground of a button's white ones: on dark, 4.2 each.
      const pill = element.closest('[kind$="Active"], [aria-checked="true"], [aria-pressed="true"]');
      check(element, style.color, large || icon ? 3 : pill ? 4.2 : 4.5);
    }
    const drawn = '.role-axis-label text, .role-axis-title text, .role-legend-label text,'
      + ' .role-legend-title text, .role-title-text text, .role-title-subtitle text';
    for (const text of document.querySelectorAll(drawn)) {
      if (text.textContent.trim() && seen(text)) check(text, getComputedStyle(text).fill, 4.5);
    }
    return found;
  };

  const focused = () => {
    const at = document.activeElement;
      if (!at || at === document.body) return null;
      window.__visits = window.__visits || new Map();
      if (!window.__visits.has(at)) window.__visits.set(at, window.__visits.size);
      const box = at.closest('[data-testid]');
      const name = at.getAttribute('aria-label') || at.textContent.trim().slice(0, 60)
        || at.labels?.[0]?.textContent || at.value || '';
      const inside = [];
      for (let place = at; place; place = place.parentElement)
        if (place.dataset?.testid) inside.push(place.dataset.testid);
      return {number: window.__visits.get(at), name, inside};
  };

  const tooWide = () => Math.max(0, ...[document.documentElement,
    document.querySelector('[data-testid="stMain"]')]
    .map((box) => box.scrollWidth - box.clientWidth));

  const wordless = () => [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')]
    .filter((chart) => (chart.getAttribute('aria-label') || '').trim().length < 20).length;

  return {atRest, cut, overlaps, faint, focused, tooWide, wordless};
})();
