//! Where shops send their visitors to pay or to sign in.

/// Hosts, or the domains above them, that visitors come back from without having arrived from there: payment services and
/// wallets, the 3-D Secure pages of banks, identity providers.
///
/// The tracker's JavaScript gets its copy from this one.
#[rustfmt::skip]
pub const GATEWAYS: [&str; 34] = [
    "paypal.com", "stripe.com", "klarna.com", "adyen.com", "mollie.com",
    "sofort.com", "ideal.nl", "checkout.com", "worldpay.com", "authorize.net",
    "squareup.com", "shop.app", "affirm.com", "afterpay.com", "clearpay.co.uk",
    "alipay.com", "payu.com", "przelewy24.pl", "trustly.com", "redsys.es",
    "razorpay.com", "mercadopago.com", "pay.google.com", "pay.amazon.com", "cardinalcommerce.com",
    "arcot.com", "wlp-acs.com", "rsa3dsauth.com", "accounts.google.com", "appleid.apple.com",
    "login.microsoftonline.com", "login.live.com", "auth0.com", "okta.com",
];
