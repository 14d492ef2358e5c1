// What the shop sells. Pictures are drawn here, so that the shop is whole without a network.

const picture = (ground, drawing) =>
  `<svg viewBox="0 0 200 200" role="img" aria-hidden="true"><rect width="200" height="200" fill="${ground}"/>${drawing}</svg>`;

export const departments = [
  { id: 'lighting', name: 'Lighting' },
  { id: 'textiles', name: 'Textiles' },
  { id: 'kitchen', name: 'Kitchen' },
];

export const products = [
  {
    id: 'lamp',
    name: 'Arc table lamp',
    department: 'lighting',
    price: 59.9,
    text: 'A bent steel arm, a linen shade and a foot of oiled ash. Warm light, no glare, and a switch you can find in the dark.',
    facts: ['Height 42 cm', 'E27, up to 40 W', 'Cable 1.8 m, textile'],
    image: picture(
      '#efe3d3',
      '<path d="M62 168h76l-8-12H70z" fill="#8a5a3b"/><path d="M100 158V92c0-26 8-40 30-44" fill="none" stroke="#39332e" stroke-width="5"/><path d="M104 76l16-34h30l18 34z" fill="#d9822b"/><ellipse cx="136" cy="78" rx="32" ry="5" fill="#ffd9a0"/>',
    ),
  },
  {
    id: 'lantern',
    name: 'Paper lantern',
    department: 'lighting',
    price: 24.5,
    text: 'Folded by hand from washi paper over a bamboo ring. Hangs from a hook, weighs next to nothing.',
    facts: ['Diameter 38 cm', 'Washi paper, bamboo', 'Folds flat'],
    image: picture(
      '#e3e6dc',
      '<path d="M100 20v34" stroke="#3c3f38" stroke-width="3"/><ellipse cx="100" cy="112" rx="58" ry="54" fill="#fbf6e9"/><g fill="none" stroke="#d7cdb4" stroke-width="2"><ellipse cx="100" cy="112" rx="58" ry="38"/><ellipse cx="100" cy="112" rx="58" ry="18"/><path d="M42 112h116"/></g><rect x="84" y="56" width="32" height="6" rx="3" fill="#9a7b4f"/>',
    ),
  },
  {
    id: 'candle',
    name: 'Beeswax candles, six',
    department: 'lighting',
    price: 18,
    text: 'Dipped, not poured, from the wax of three valleys. Each burns for eight quiet hours.',
    facts: ['Six of 2.2 × 22 cm', 'Pure beeswax', 'Cotton wick'],
    image: picture(
      '#f0e6c8',
      '<g fill="#d8a441"><rect x="52" y="70" width="14" height="96" rx="5"/><rect x="84" y="56" width="14" height="110" rx="5"/><rect x="116" y="78" width="14" height="88" rx="5"/><rect x="146" y="64" width="14" height="102" rx="5"/></g><g fill="#e8672c"><path d="M59 48c8 10 4 18 0 18s-8-8 0-18zM91 34c8 10 4 18 0 18s-8-8 0-18zM123 56c8 10 4 18 0 18s-8-8 0-18zM153 42c8 10 4 18 0 18s-8-8 0-18z"/></g><rect x="36" y="164" width="136" height="8" rx="4" fill="#7b5d32"/>',
    ),
  },
  {
    id: 'throw',
    name: 'Herringbone throw',
    department: 'textiles',
    price: 89,
    text: 'Lambswool from a mill that has woven since 1876. Big enough for two on a short sofa.',
    facts: ['140 × 200 cm', 'Pure new wool', 'Wash cold, dry flat'],
    image: picture(
      '#dfe4e6',
      '<path d="M40 52h120v84l-12 14H52l-12-14z" fill="#43606b"/><g stroke="#7f9aa3" stroke-width="3" fill="none"><path d="M44 64l14 14 14-14 14 14 14-14 14 14 14-14 14 14 14-14M44 86l14 14 14-14 14 14 14-14 14 14 14-14 14 14 14-14M44 108l14 14 14-14 14 14 14-14 14 14 14-14 14 14 14-14"/></g><g stroke="#43606b" stroke-width="3"><path d="M56 150v14M72 150v14M88 150v14M104 150v14M120 150v14M136 150v14"/></g>',
    ),
  },
  {
    id: 'cushion',
    name: 'Corduroy cushion',
    department: 'textiles',
    price: 34,
    text: 'Wide-wale cotton corduroy over a feather core. Holds its shape, keeps its colour.',
    facts: ['50 × 50 cm', 'Cotton, feather', 'Cover unzips'],
    image: picture(
      '#efdcd3',
      '<path d="M46 58c36-8 72-8 108 0 8 30 8 60 0 92-36 8-72 8-108 0-8-32-8-62 0-92z" fill="#b4532a"/><g stroke="#8f3f1e" stroke-width="3" fill="none"><path d="M62 54c-4 32-4 66 0 100M80 52c-3 34-3 70 0 104M100 51v106M120 52c3 34 3 70 0 104M138 54c4 32 4 66 0 100"/></g>',
    ),
  },
  {
    id: 'rug',
    name: 'Flatwoven rug',
    department: 'textiles',
    price: 149,
    text: 'Recycled cotton on a jute warp, woven on a narrow loom and joined by hand.',
    facts: ['120 × 180 cm', 'Cotton, jute', 'Reversible'],
    image: picture(
      '#e6e0d6',
      '<rect x="44" y="38" width="112" height="124" fill="#f7f0e2"/><g fill="#35524a"><rect x="44" y="52" width="112" height="8"/><rect x="44" y="140" width="112" height="8"/></g><g fill="#c1693c"><path d="M100 66l26 34-26 34-26-34z"/></g><path d="M100 80l15 20-15 20-15-20z" fill="#f7f0e2"/><g stroke="#b9a98a" stroke-width="3"><path d="M50 30v8M66 30v8M82 30v8M98 30v8M114 30v8M130 30v8M146 30v8M50 162v8M66 162v8M82 162v8M98 162v8M114 162v8M130 162v8M146 162v8"/></g>',
    ),
  },
  {
    id: 'teapot',
    name: 'Stoneware teapot',
    department: 'kitchen',
    price: 46,
    text: 'Thrown on a wheel, glazed in ash grey. Pours without a drip, which took four years.',
    facts: ['0.9 litres', 'Stoneware', 'Dishwasher safe'],
    image: picture(
      '#dde3dd',
      '<path d="M56 116c0-30 20-44 44-44s44 14 44 44-16 46-44 46-44-16-44-46z" fill="#5f6f66"/><path d="M60 108L34 88l10-6 24 14z" fill="#5f6f66"/><path d="M142 96c26-8 30 40-2 42" fill="none" stroke="#5f6f66" stroke-width="9"/><ellipse cx="100" cy="74" rx="26" ry="6" fill="#46544c"/><circle cx="100" cy="64" r="7" fill="#46544c"/>',
    ),
  },
  {
    id: 'board',
    name: 'Walnut board',
    department: 'kitchen',
    price: 52,
    text: 'One plank, oiled twice. For bread in the morning and cheese at night.',
    facts: ['44 × 22 cm', 'European walnut', 'Wipe clean, oil yearly'],
    image: picture(
      '#ece2d8',
      '<rect x="36" y="76" width="106" height="60" rx="10" fill="#6b432a"/><rect x="138" y="96" width="34" height="18" rx="9" fill="#6b432a"/><circle cx="162" cy="105" r="4" fill="#ece2d8"/><g stroke="#54331e" stroke-width="2" fill="none"><path d="M44 92c30 8 60-6 92 2M44 108c30-8 60 8 92 0M44 122c30 6 60-4 92 0"/></g>',
    ),
  },
  {
    id: 'mugs',
    name: 'Everyday mugs, four',
    department: 'kitchen',
    price: 38,
    text: 'A handle for three fingers, a rim for anybody. They stack.',
    facts: ['4 of 0.3 litres', 'Stoneware', 'Microwave safe'],
    image: picture(
      '#e4e0ea',
      '<g><rect x="44" y="104" width="48" height="50" rx="8" fill="#54678f"/><path d="M92 114c20-2 20 30 0 28" fill="none" stroke="#54678f" stroke-width="7"/></g><g><rect x="106" y="104" width="48" height="50" rx="8" fill="#d2a24c"/><path d="M154 114c20-2 20 30 0 28" fill="none" stroke="#d2a24c" stroke-width="7"/></g><g><rect x="74" y="52" width="48" height="50" rx="8" fill="#b4532a"/><path d="M122 62c20-2 20 30 0 28" fill="none" stroke="#b4532a" stroke-width="7"/></g>',
    ),
  },
];

export const product = (id) => products.find((one) => one.id === id);
