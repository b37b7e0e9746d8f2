"""The only table of keys that are recognised by their prefix, and of the few with a shape of their own.

Each row is a fact about a service: how its keys begin, and what the rest consists of. The prefixes that the
agent's own redaction knows are included.
"""

from __future__ import annotations

import re
from functools import cache

from hermes_dist.light import NamedTuple

_BODIES = {
    "word": "0-9A-Za-z",
    "dash": r"0-9A-Za-z_\-",
    "dots": r"0-9A-Za-z_.\-",
    "hex": "0-9A-Fa-f",
    "caps": "0-9A-Z",
    "base64": "0-9A-Za-z+/",
    "any": r"0-9A-Za-z_.+/=~:\-",
}
"""The characters in the rest of a key, as the inside of a character class."""


class KeyKind(NamedTuple):
    """Keys that begin with one of several prefixes.

    Attributes:
        name: The name of a finding.
        prefixes: The prefixes.
        body: The name of the character class of the rest.
        fewest: The minimum length of the rest.
        exact: The rest has exactly that length.
    """

    name: str
    prefixes: tuple[str, ...]
    body: str
    fewest: int
    exact: bool = False

    @property
    def hints(self) -> tuple[str, ...]:
        """Substrings of any text with such a key; searched for first, because that is fast."""
        return self.prefixes

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of the key, with the rest as the group ``body``."""
        return _prefixed(self)


class Shape(NamedTuple):
    """Keys that are recognised by their shape.

    Attributes:
        name: The name of a finding.
        hints: Substrings of any text with such a key.
        expression: The pattern of the key, with the random part as the group ``body``.
        inside: Letters or digits may come right before it.
    """

    name: str
    hints: tuple[str, ...]
    expression: str
    inside: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of the key, with the rest as the group ``body``."""
        return _compiled(self.expression)


@cache
def _prefixed(kind: KeyKind) -> re.Pattern[str]:
    starts = "|".join(re.escape(prefix) for prefix in sorted(kind.prefixes, key=len, reverse=True))
    body = _BODIES[kind.body]
    count = f"{{{kind.fewest}}}(?![{body}])" if kind.exact else f"{{{kind.fewest},600}}"
    return re.compile(f"(?:{starts})(?P<body>[{body}]{count})")


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.ASCII)


def _keys(name: str, prefixes: str, body: str, fewest: int, *, exact: bool = False) -> KeyKind:
    return KeyKind(name, tuple(prefixes.split()), body, fewest, exact)


_PREFIXED = (
    # models and what agents use
    _keys("Anthropic key", "sk-ant-", "dash", 24),
    _keys("OpenAI key", "sk-proj- sk-svcacct- sk-admin- sk-None-", "dash", 24),
    _keys("OpenRouter key", "sk-or-", "dash", 32),
    _keys("Langfuse key", "sk-lf- pk-lf-", "dash", 20),
    _keys("OpenAI or OpenRouter key", "sk-", "dots", 20),
    _keys("Groq key", "gsk_", "word", 32),
    _keys("xAI key", "xai-", "word", 30),
    _keys("Perplexity key", "pplx-", "word", 32),
    _keys("Replicate token", "r8_", "word", 30),
    _keys("Hugging Face token", "hf_ api_org_", "word", 30),
    _keys("Fireworks key", "fw_ fw- fpk_", "word", 20),
    _keys("Together key", "tgp_v1_", "dash", 30),
    _keys("Cerebras key", "csk-", "word", 32),
    _keys("NVIDIA key", "nvapi-", "dash", 40),
    _keys("Voyage key", "pa-", "dash", 40),
    _keys("Jina key", "jina_", "dash", 40),
    _keys("Tavily key", "tvly-", "dash", 20),
    _keys("Exa key", "exa_", "dash", 20),
    _keys("Firecrawl key", "fc-", "hex", 32),
    _keys("Browserbase key", "bb_live_ bb_test_", "dash", 20),
    _keys("fal key", "fal_", "dash", 20),
    _keys("Mem0 key", "mem0_ m0-", "word", 24),
    _keys("Supermemory key", "sm_", "dash", 32),
    _keys("AgentMail key", "am_org_ am_", "word", 20),
    _keys("Hindsight key", "hsk-", "word", 20),
    _keys("ByteRover key", "brv_", "word", 20),
    _keys("RetainDB key", "retaindb_", "word", 20),
    _keys("LangSmith key", "lsv2_pt_ lsv2_sk_ ls__", "dash", 30),
    _keys("Pinecone key", "pcsk_", "dash", 40),
    _keys("Weights and Biases key", "wandb_v1_", "dash", 32),
    _keys("Helicone key", "sk-helicone-", "dash", 20),
    _keys("E2B key", "e2b_", "hex", 32),
    _keys("Modal token", "ak- as-", "word", 22, exact=True),
    _keys("RunPod key", "rpa_", "word", 32),
    _keys("Apify token", "apify_api_", "word", 30),
    _keys("Composio key", "ak_", "dash", 20, exact=True),
    _keys("Vercel token", "vck_ vcp_ vci_ vca_ vcr_", "word", 24),
    _keys("Cursor key", "crsr_", "word", 32),
    _keys("encrypted token", "gAAAAA", "any", 60),
    _keys("Codex refresh token", "rt_", "dash", 60),
    _keys("Brave Search key", "BSA", "dash", 28, exact=True),
    _keys("ElevenLabs key", "sk_", "word", 32),
    _keys("Smithery key", "smithery_", "dash", 24),
    # code and builds
    _keys("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", "word", 30),
    _keys("GitHub token", "github_pat_", "dash", 40),
    _keys(
        "GitLab token",
        "glpat- gloas- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glsoat- glffct- glwt-",
        "dots",
        20,
    ),
    _keys("GitLab token", "GR1348941", "dash", 20),
    _keys("Atlassian token", "ATATT3xFf ATCTT3xFf ATBB", "any", 24),
    _keys("Trello token", "ATTA", "word", 64),
    _keys("npm token", "npm_", "word", 36),
    _keys("PyPI token", "pypi-", "dash", 50),
    _keys("RubyGems key", "rubygems_", "hex", 48),
    _keys("NuGet key", "oy2", "word", 43, exact=True),
    _keys("Clojars token", "CLOJARS_", "word", 60),
    _keys("Docker token", "dckr_pat_ dckr_oat_", "dash", 24),
    _keys("JFrog key", "AKCp cmVmd", "word", 55),
    _keys("CircleCI token", "CCIPAT_ CCIPRJ_", "dash", 30),
    _keys("Buildkite token", "bkua_ bkaj_ bkar_", "word", 40),
    _keys("Sonar token", "sqp_ squ_ sqa_", "word", 40),
    _keys("Sourcegraph token", "sgp_ sgd_ slk_", "dash", 40),
    _keys("Postman key", "PMAK-", "dash", 50),
    _keys("ReadMe key", "rdme_", "word", 60),
    _keys("Pulumi token", "pul-", "hex", 40),
    _keys("Infracost key", "ico-", "word", 32),
    _keys("Checkly key", "cu_", "hex", 32),
    _keys("Octopus key", "API-", "caps", 26, exact=True),
    _keys("Scalingo token", "tk-us-", "dash", 40),
    _keys("Figma token", "figd_ figoh_ figor_ figu_", "dash", 36),
    # clouds and data
    _keys("AWS key", "AKIA ASIA ABIA ACCA", "caps", 16, exact=True),
    _keys("Bedrock key", "ABSK", "base64", 60),
    _keys("Bedrock key", "bedrock-api-key-", "any", 40),
    _keys("Google key", "AIza", "dash", 35),
    _keys("Google key", "AQ.Ab", "dash", 35),
    _keys("Google access token", "ya29.", "dash", 30),
    _keys("Google client secret", "GOCSPX-", "dash", 24),
    _keys("Google refresh token", "1//0", "dash", 40),
    _keys("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", "hex", 64),
    _keys("Alibaba key", "LTAI", "word", 16),
    _keys("Tencent key", "AKID", "word", 32),
    _keys("Yandex key", "AQVN", "dash", 35),
    _keys("IBM or OpenShift token", "sha256~", "dash", 40),
    _keys("Heroku key", "HRKU-", "dash", 40),
    _keys("Fly token", "fo1_", "dash", 40),
    _keys("Fly token", "fm1r_ fm1a_ fm2_", "base64", 80),
    _keys("Netlify token", "nfp_ nfc_ nfo_ nfb_ nfu_", "word", 36),
    _keys("Render key", "rnd_", "word", 24),
    _keys("Scaleway key", "SCW", "caps", 17, exact=True),
    _keys("Supabase key", "sbp_", "hex", 40),
    _keys("Supabase key", "sb_secret_", "dash", 24),
    _keys("Neon key", "napi_", "word", 40),
    _keys("PlanetScale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", "dots", 32),
    _keys("MongoDB Atlas secret", "mdb_sa_sk_", "dash", 24),
    _keys("Aiven password", "AVNS_", "dash", 15),
    _keys("CockroachDB key", "CCDB1_", "dash", 40),
    _keys("Xata key", "xau_", "word", 32),
    _keys("Databricks token", "dapi", "hex", 32),
    _keys("dbt token", "dbtc_ dbtu_", "dash", 30),
    _keys("Prefect key", "pnu_ pnb_", "word", 36),
    _keys("Doppler token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", "dots", 40),
    _keys("Vault token", "hvs. hvb. hvr.", "dash", 24),
    _keys("1Password token", "ops_eyJ", "base64", 100),
    _keys("age key", "AGE-SECRET-KEY-1", "caps", 58),
    _keys("Tailscale key", "tskey-", "dash", 24),
    _keys("Nostr key", "nsec1", "word", 58, exact=True),
    _keys("ClickHouse key", "4b1d", "word", 38, exact=True),
    # messages and mail
    _keys(
        "Slack token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxe- xoxc- xoxd- xoxe.xoxp- xoxe.xoxb-",
        "dash",
        16,
    ),
    _keys("Slack token", "xapp-", "dash", 24),
    _keys("Matrix token", "syt_", "dash", 24),
    _keys("SendGrid key", "SG.", "dots", 50),
    _keys("Mailgun key", "key-", "hex", 32),
    _keys("Resend key", "re_", "dash", 24),
    _keys("Brevo key", "xkeysib- xsmtpsib-", "dash", 60),
    _keys("Mandrill key", "md-", "dash", 22, exact=True),
    _keys("Twilio key", "SK", "hex", 32, exact=True),
    _keys("Intercom token", "dG9rO", "base64", 50),
    # money and shops
    _keys("Stripe key", "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", "word", 16),
    _keys("webhook secret", "whsec_", "base64", 24),
    _keys("Square token", "sq0atp- sq0csp- sq0idp-", "dash", 22),
    _keys("Square token", "EAAA", "dash", 60, exact=True),
    _keys("Shopify token", "shpat_ shpca_ shppa_ shpss_ shprt_ shptka_ shpua_", "hex", 32),
    _keys("Plaid token", "access-sandbox- access-production- access-development-", "dash", 36),
    _keys("Razorpay key", "rzp_live_ rzp_test_", "word", 14),
    _keys("Flutterwave key", "FLWSECK_TEST- FLWSECK-", "dash", 30),
    _keys("Duffel token", "duffel_live_ duffel_test_", "dash", 40),
    _keys("EasyPost key", "EZAK EZTK", "word", 54),
    _keys("Shippo token", "shippo_live_ shippo_test_", "hex", 40),
    _keys("Facebook token", "EAA", "word", 100),
    _keys("Cal.com key", "cal_live_ cal_test_", "word", 24),
    # work and measuring
    _keys("Notion token", "secret_", "word", 43, exact=True),
    _keys("Notion token", "ntn_", "word", 40),
    _keys("Linear key", "lin_api_ lin_oauth_", "word", 32),
    _keys("HubSpot token", "pat-na1- pat-na2- pat-eu1- pat-ap1-", "dash", 36),
    _keys("Contentful token", "CFPAT-", "dash", 40),
    _keys("Typeform token", "tfp_", "dash", 40),
    _keys("Frame.io token", "fio-u-", "any", 60),
    _keys("Sentry token", "sntrys_ sntryu_ sntrya_ sntryi_", "any", 60),
    _keys("Grafana token", "glsa_ glc_", "any", 32),
    _keys("New Relic key", "NRAK- NRII- NRIQ- NRRA-", "dash", 24),
    _keys("Honeycomb key", "hcaik_ hcalk_ hcxik_ hcxlk_ hcamk_", "word", 32),
    _keys("Dynatrace token", "dt0c01. dt0s01. dt0s02.", "dots", 60),
    _keys("PostHog key", "phx_ phs_", "word", 40),
    _keys("LaunchDarkly key", "sdk- api- mob-", "dash", 36, exact=True),
    _keys("Unkey key", "unkey_", "word", 22),
    _keys("SettleMint token", "sm_aat_ sm_pat_ sm_sat_", "word", 16),
    _keys("Stytch secret", "secret-live- secret-test-", "any", 36),
)

_SHAPES = (
    Shape(
        "Slack webhook",
        ("hooks.slack.com",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<body>[\w+/]{30,200})",
        inside=True,
    ),
    Shape(
        "Discord webhook",
        ("/api/webhooks/",),
        r"discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{15,}/(?P<body>[\w-]{50,100})",
        inside=True,
    ),
    Shape(
        "Teams webhook",
        ("webhook.office.com",),
        r"webhook\.office\.com/webhookb2/(?P<body>[\w@/-]{60,300})",
        inside=True,
    ),
    Shape("Discord token", (".",), r"(?P<body>[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,45})(?![\w-])"),
    Shape("Telegram token", (":",), r"(?:bot)?\d{8,10}:(?P<body>[A-Za-z0-9_-]{35})(?![\w-])"),
    Shape(
        "web token (JWT)",
        ("eyJ",),
        r"(?P<body>eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{16,2000})",
        inside=True,
    ),
    Shape("Airtable token", ("pat",), r"pat[0-9A-Za-z]{14}\.(?P<body>[0-9a-f]{64})"),
    Shape("Terraform token", (".atlasv1.",), r"(?P<body>[0-9A-Za-z]{14}\.atlasv1\.[\w=-]{60,80})"),
    Shape("Azure client secret", ("Q~",), r"(?P<body>[\w~.]{3}\dQ~[\w~.-]{31,34})(?![\w~-])"),
    Shape(
        "Azure DevOps token",
        ("AZDO",),
        r"(?P<body>[0-9A-Za-z]{52}JQQJ9{2}[0-9A-Za-z]{0,40}AZDO\w{4})",
        inside=True,
    ),
    Shape(
        "Azure key",
        ("APIM", "ACDb", "+A"),
        r"(?P<body>[0-9A-Za-z+/]{76}(?:APIM|ACDb|\+A(?:Ba|MC|St))\w{5,8}==)",
    ),
    Shape("Mailchimp key", ("-us",), r"(?P<body>[0-9a-f]{32}-us\d{1,2})(?![\w-])"),
    Shape("Zhipu key", (".",), r"(?P<body>[0-9a-f]{32}\.[0-9A-Za-z]{16})(?![\w.])"),
    Shape("MaxMind key", ("_mmk",), r"(?P<body>[0-9A-Za-z]{6}_[0-9A-Za-z]{29}_mmk)"),
    Shape(
        "1Password secret key",
        ("A3-",),
        r"A3-(?P<body>[0-9A-Z]{6}-(?:[0-9A-Z]{11}|[0-9A-Z]{6}-[0-9A-Z]{5})(?:-[0-9A-Z]{5}){3})(?![\w-])",
    ),
    Shape("Cloudflare origin key", ("v1.0-",), r"v1\.0-(?P<body>[0-9a-f]{24}-[0-9a-f]{146})"),
    Shape("ClickUp token", ("pk_",), r"pk_\d{5,10}_(?P<body>[0-9A-Z]{32})(?!\w)"),
    Shape(
        "PayPal token",
        ("access_token$",),
        r"access_token\$(?:production|sandbox)\$(?P<body>[0-9a-z]{16}\$[0-9a-f]{32})",
    ),
    Shape("Mapbox token", ("sk.eyJ",), r"sk\.(?P<body>eyJ[\w-]{20,400}\.[\w-]{20,60})"),
    Shape("Zoho token", ("1000.",), r"1000\.(?P<body>[0-9a-f]{32}\.[0-9a-f]{32})"),
    Shape("Dropbox token", ("sl.",), r"sl\.(?:u\.)?(?P<body>[\w-]{100,2000})"),
    Shape("Asana token", ("/",), r"[12]/(?P<body>\d{13,20}(?:/\d{13,20})?:[0-9a-f]{32})(?!\w)"),
    Shape("Lob key", ("_pub_", "live_", "test_"), r"(?:live|test)_(?P<body>[0-9a-f]{35})(?!\w)"),
    Shape("Facebook app token", ("|",), r"\d{15,16}\|(?P<body>[\w-]{27,40})(?![\w-])"),
    Shape("Firebase key", (":APA91b",), r"AAAA[\w-]{7}:APA91b(?P<body>[\w-]{130,150})"),
)

KINDS: tuple[KeyKind | Shape, ...] = (
    *_PREFIXED,
    *_SHAPES,
)


_HINTS = tuple((hint, number) for number, kind in enumerate(KINDS) for hint in kind.hints)


def kinds_in(text: str) -> list[KeyKind | Shape]:
    """Return the kinds of key that a text may contain."""
    return [
        KINDS[number]
        for number in dict.fromkeys([number for hint, number in _HINTS if hint in text])
    ]
