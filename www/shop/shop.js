// The shop. Home, departments and products are routes of one document (History); cart, checkout and thanks are
// documents of their own, as in many shops. It tells the tracker what a shop would.

import { departments, product, products } from './products.js';

const CURRENCY = 'EUR';
const money = new Intl.NumberFormat('en-IE', { style: 'currency', currency: CURRENCY });
const main = document.querySelector('#main');

const read = (key, otherwise) => {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
};
const write = (key, value) => {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A shop without storage forgets its cart between documents; it still shows its shelves.
  }
};

// The cart: product id to quantity.
let cart = read('shop.cart', {});
const cartLines = () => Object.entries(cart).map(([id, quantity]) => ({ ...product(id), quantity }));
const cartCount = () => Object.values(cart).reduce((sum, quantity) => sum + quantity, 0);
const sum = (lines) => Math.round(lines.reduce((total, line) => total + line.price * line.quantity, 0) * 100) / 100;

function setQuantity(id, quantity) {
  if (quantity > 0) cart[id] = quantity;
  else delete cart[id];
  write('shop.cart', cart);
  showCartCount();
}

function showCartCount() {
  document.querySelector('#cart-count').textContent = cartCount();
}

// GA4's shape of a product in an event.
const item = ({ id, name, department, price, quantity = 1 }) => ({
  item_id: id,
  item_name: name,
  item_category: department,
  price,
  quantity,
});
const tell = (name, lines, more) =>
  shopbell.track(name, { currency: CURRENCY, value: sum(lines), items: lines.map(item), ...more });
const one = (thing) => ({ ...thing, quantity: 1 });

const card = ({ id, name, price, image }) =>
  `<li><a class="card" href="/p/${id}">${image}<span>${name}</span><b>${money.format(price)}</b></a></li>`;
const shelf = (things) => `<ul class="shelf">${things.map(card).join('')}</ul>`;

const SHOP = 'Hearth & Loom';
const title = (name) => (document.title = name ? `${name} · ${SHOP}` : SHOP);

// Each page sets its title before it tells anything, so that its events stand under that title.
const pages = {
  home() {
    title();
    main.innerHTML = `
      <section class="hero">
        <h1>Things for a house that is lived in</h1>
        <p>Nine of them, each made by somebody we could telephone.</p>
      </section>
      <h2>On the shelves</h2>${shelf(products)}`;
    shopbell.track('view_item_list', { item_list_id: 'home', items: products.map(item) });
  },

  department(id) {
    const department = departments.find((candidate) => candidate.id === id);
    if (!department) return pages.missing();
    title(department.name);
    const things = products.filter((thing) => thing.department === id);
    main.innerHTML = `<h1>${department.name}</h1>${shelf(things)}`;
    shopbell.track('view_item_list', { item_list_id: id, items: things.map(item) });
  },

  product(id) {
    const thing = product(id);
    if (!thing) return pages.missing();
    title(thing.name);
    main.innerHTML = `
      <article class="product">
        <div class="picture">${thing.image}</div>
        <div>
          <p class="crumbs"><a href="/c/${thing.department}">${departments.find((d) => d.id === thing.department).name}</a></p>
          <h1>${thing.name}</h1>
          <p class="price">${money.format(thing.price)}</p>
          <p>${thing.text}</p>
          <ul class="facts">${thing.facts.map((fact) => `<li>${fact}</li>`).join('')}</ul>
          <button class="primary" id="add">Add to cart</button>
          <p id="added" role="status"></p>
        </div>
      </article>
      <h2>Goes well with</h2>
      ${shelf(products.filter((other) => other.id !== id && other.department !== thing.department).slice(0, 3))}`;
    main.querySelector('#add').addEventListener('click', () => {
      setQuantity(id, (cart[id] ?? 0) + 1);
      tell('add_to_cart', [one(thing)]);
      main.querySelector('#added').innerHTML = 'In your cart. <a href="/cart" data-load>Go to the cart</a>';
    });
    tell('view_item', [one(thing)]);
  },

  cart() {
    title('Cart');
    const lines = cartLines();
    main.innerHTML = lines.length
      ? `<h1>Your cart</h1>
        <ul class="lines">${lines
          .map(
            (line) => `
          <li>${line.image}<a href="/p/${line.id}" data-load>${line.name}</a>
            <label>Quantity <input type="number" min="0" max="9" value="${line.quantity}" data-id="${line.id}"></label>
            <b>${money.format(line.price * line.quantity)}</b></li>`,
          )
          .join('')}</ul>
        <p class="total">Total <b>${money.format(sum(lines))}</b></p>
        <a class="primary" href="/checkout" data-load>Check out</a>`
      : '<h1>Your cart is empty</h1><p><a href="/" data-load>Back to the shelves</a></p>';
    main.querySelectorAll('input').forEach((input) =>
      input.addEventListener('change', () => {
        const thing = product(input.dataset.id);
        const less = (cart[thing.id] ?? 0) - Number(input.value);
        setQuantity(thing.id, Number(input.value));
        tell(less > 0 ? 'remove_from_cart' : 'add_to_cart', [{ ...thing, quantity: Math.abs(less) }]);
        pages.cart();
      }),
    );
    tell('view_cart', lines);
  },

  checkout() {
    const lines = cartLines();
    if (!lines.length) return pages.cart();
    title('Checkout');
    main.innerHTML = `
      <h1>Checkout</h1>
      <form class="checkout">
        <fieldset><legend>Delivery</legend>
          <label>Name <input name="name" autocomplete="name" required value="Ada Example"></label>
          <label>Street <input name="street" autocomplete="street-address" required value="1 Mill Lane"></label>
          <label>Town <input name="town" autocomplete="address-level2" required value="Hebden"></label>
        </fieldset>
        <fieldset><legend>Payment</legend>
          <label><input type="radio" name="payment" value="invoice" checked> Invoice</label>
          <label><input type="radio" name="payment" value="card"> Card on delivery</label>
        </fieldset>
        <p class="total">${cartCount()} ${cartCount() === 1 ? 'thing' : 'things'} <b>${money.format(sum(lines))}</b></p>
        <button class="primary">Place the order</button>
      </form>`;
    tell('begin_checkout', lines);
    main.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      const payment = new FormData(event.target).get('payment');
      tell('add_shipping_info', lines, { shipping_tier: 'standard' });
      tell('add_payment_info', lines, { payment_type: payment });
      const id = `HL-${Date.now().toString(36).toUpperCase()}-${Math.floor(Math.random() * 1296)
        .toString(36)
        .toUpperCase()}`;
      write('shop.order', { id, lines: lines.map(({ id: thing, quantity }) => [thing, quantity]) });
      cart = {};
      write('shop.cart', cart);
      location.assign(`/thanks?order=${encodeURIComponent(id)}`);
    });
  },

  // Reloading this page tells the order again, as it would in most shops; it counts once.
  thanks() {
    const order = read('shop.order', null);
    if (!order || new URLSearchParams(location.search).get('order') !== order.id) return pages.missing();
    title('Thank you');
    const lines = order.lines.map(([id, quantity]) => ({ ...product(id), quantity }));
    main.innerHTML = `
      <section class="thanks"><h1>Thank you</h1>
        <p>Your order <b id="order-id">${order.id}</b> over ${money.format(sum(lines))} is on its way to nowhere at all.</p>
        <p><a class="primary" href="/report" data-load>See it in the report</a> <a href="/" data-load>Back to the shelves</a></p>
      </section>`;
    tell('purchase', lines, { transaction_id: order.id });
  },

  missing() {
    title('Not found');
    main.innerHTML = '<h1>There is nothing on this shelf</h1><p><a href="/">Back to the shelves</a></p>';
  },
};

function show() {
  const [, first, second] = location.pathname.split('/');
  const routes = {
    '': pages.home,
    c: () => pages.department(second),
    p: () => pages.product(second),
    cart: pages.cart,
    checkout: pages.checkout,
    thanks: pages.thanks,
  };
  (routes[first] ?? pages.missing)();
  document
    .querySelectorAll('#departments a')
    .forEach((link) => link.toggleAttribute('aria-current', link.pathname === location.pathname));
}

document.querySelector('#departments').innerHTML = departments
  .map(({ id, name }) => `<a href="/c/${id}">${name}</a>`)
  .join('');

// Links stay in the document where the shop is one document; others, and those that ask for it, load.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  const leaves = !link || link.origin !== location.origin || 'load' in link.dataset || link.hash;
  if (leaves || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  show();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
addEventListener('popstate', show);

showCartCount();
show();
