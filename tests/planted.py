"""Keys of many kinds in many places, drawn by a seed: what the finder of secrets is measured by.

The shapes are written down from what services say of their keys, not from the finder's table.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import re
import sqlite3
import string
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

_ALPHABETS = {
    "w": string.ascii_letters + string.digits,
    "d": string.ascii_letters + string.digits + "_-",
    "h": "0123456789abcdef",
    "u": string.ascii_uppercase + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "n": string.digits,
    "a": string.ascii_letters,
    "b": string.ascii_letters + string.digits + "+/",
    "c": string.ascii_uppercase + "234567",
    "z": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
}
_PART = re.compile(r"\{([a-z])(\d+)\}")

PREFIXED = dict(
    line.rsplit(" = ", 1)
    for line in """
Anthropic = sk-ant-api03-{d93}AA
Anthropic login = sk-ant-oat01-{d93}AA
Anthropic admin = sk-ant-admin01-{d93}AA
OpenAI old = sk-{w48}
OpenAI project = sk-proj-{d74}T3BlbkFJ{d74}
OpenAI service = sk-svcacct-{d58}T3BlbkFJ{d58}
OpenRouter = sk-or-v1-{h64}
DeepSeek = sk-{h32}
Alibaba model = sk-{h32}
Moonshot = sk-{w48}
Langfuse = sk-lf-{h8}-{h4}-4{h3}-a{h3}-{h12}
LiteLLM = sk-{d22}
Groq = gsk_{w52}
xAI = xai-{w80}
Perplexity = pplx-{w48}
Replicate = r8_{w37}
Hugging Face = hf_{a34}
Hugging Face organization = api_org_{a34}
Fireworks = fw_{w24}
Fireworks project = fpk_{w40}
Together = tgp_v1_{d43}
Cerebras = csk-{l48}
NVIDIA = nvapi-{d64}
Voyage = pa-{d43}
Jina = jina_{w32}{d28}
Tavily = tvly-{w32}
Tavily dev = tvly-dev-{w32}
Exa = exa_{w32}
Firecrawl = fc-{h32}
Browserbase = bb_live_{d27}
fal = fal_{d32}
Mem0 = m0-{w40}
AgentMail = am_{w40}
Hindsight = hsk-{w32}
ByteRover = brv_{w32}
RetainDB = retaindb_{w32}
LangSmith = lsv2_pt_{h32}_{h10}
Pinecone = pcsk_{w6}_{w63}
E2B = e2b_{h40}
RunPod = rpa_{u41}
Apify = apify_api_{w36}
Vercel gateway = vck_{w56}
ElevenLabs = sk_{h48}
GitHub personal = ghp_{w36}
GitHub login = gho_{w36}
GitHub app user = ghu_{w36}
GitHub app server = ghs_{w36}
GitHub refresh = ghr_{w76}
GitHub fine-grained = github_pat_{w22}_{w59}
GitLab personal = glpat-{d20}
GitLab routable = glpat-{w27}.01.0{l8}
GitLab deploy = gldt-{d20}
GitLab runner = glrt-{d20}
GitLab job = glcbt-{h2}_{d20}
GitLab trigger = glptt-{h40}
GitLab feed = glft-{d20}
GitLab agent = glagent-{d50}
GitLab scim = glsoat-{d20}
GitLab old runner = GR1348941{d20}
Atlassian = ATATT3xFfGF0{d172}={h8}
Bitbucket = ATBB{w28}{h8}
npm = npm_{w36}
PyPI = pypi-AgEIcHlwaS5vcmc{d130}
RubyGems = rubygems_{h48}
NuGet = oy2{l43}
Clojars = CLOJARS_{l60}
Docker = dckr_pat_{d27}
JFrog = AKCp8{w68}
JFrog reference = cmVmdGtu{w56}
CircleCI = CCIPAT_{w22}_{h40}
Sonar = sqp_{h40}
Sourcegraph = sgp_{h16}_{h40}
Postman = PMAK-{h24}-{h34}
ReadMe = rdme_{l70}
Pulumi = pul-{h40}
Infracost = ico-{w32}
Octopus = API-{u26}
Scalingo = tk-us-{d48}
Figma = figd_{d40}
AWS = AKIA{c16}
AWS session = ASIA{c16}
Bedrock = ABSK{b109}==
Google = AIza{d35}
Google access = ya29.a0{d160}
Google client = GOCSPX-{d28}
Google refresh = 1//0{d60}
DigitalOcean = dop_v1_{h64}
DigitalOcean login = doo_v1_{h64}
Alibaba = LTAI{w20}
Tencent = AKID{w32}
Yandex = AQVN{d38}
OpenShift = sha256~{d43}
Heroku = HRKU-AA{d58}
Fly = fo1_{d43}
Netlify = nfp_{w36}
Render = rnd_{w28}
Supabase = sbp_{h40}
Supabase secret = sb_secret_{d31}
Neon = napi_{l64}
PlanetScale = pscale_tkn_{d43}
PlanetScale password = pscale_pw_{d43}
Aiven = AVNS_{d19}
Databricks = dapi{h32}
Databricks two = dapi{h32}-2
Prefect = pnu_{w36}
Doppler = dp.pt.{w43}
Vault = hvs.{d95}
Vault batch = hvb.{d140}
age = AGE-SECRET-KEY-1{u58}
Tailscale = tskey-auth-{w17}-{w32}
ClickHouse = 4b1d{w38}
Slack bot = xoxb-{n12}-{n13}-{w24}
Slack user = xoxp-{n12}-{n12}-{n12}-{h32}
Slack app = xapp-1-A{u10}-{n13}-{h64}
Slack refresh = xoxe-1-{u146}
Slack webhook = https://hooks.slack.com/services/T{u10}/B{u10}/{w24}
Discord webhook = https://discord.com/api/webhooks/{n18}/{d68}
Discord bot = MT{w24}.G{w5}.{d38}
Telegram = {n10}:AA{d33}
Matrix = syt_{w12}_{w20}_{w6}
SendGrid = SG.{d22}.{d43}
Mailgun = key-{h32}
Mailchimp = {h32}-us12
Resend = re_{w8}_{w24}
Brevo = xkeysib-{h64}-{w16}
Twilio = SK{h32}
Intercom = dG9rO{b54}=
Stripe = sk_live_{w24}
Stripe test = sk_test_{w99}
Stripe restricted = rk_live_{w24}
Stripe webhook = whsec_{w32}
Square = sq0atp-{d22}
Square secret = sq0csp-{d43}
Shopify = shpat_{h32}
Shopify shared = shpss_{h32}
Plaid = access-production-{h8}-{h4}-4{h3}-a{h3}-{h12}
Razorpay = rzp_live_{w14}
Duffel = duffel_live_{d43}
EasyPost = EZAK{w54}
Shippo = shippo_live_{h40}
Facebook = EAA{w180}
Notion = ntn_{n11}{w35}
Notion old = secret_{w43}
Linear = lin_api_{w40}
HubSpot = pat-na1-{h8}-{h4}-4{h3}-a{h3}-{h12}
Airtable = pat{w14}.{h64}
Contentful = CFPAT-{d43}
Typeform = tfp_{d44}_{d14}
Sentry = sntryu_{h64}
Grafana = glsa_{w32}_{h8}
Grafana cloud = glc_eyJ{w80}
New Relic = NRAK-{u27}
Honeycomb = hcaik_{l58}
Dynatrace = dt0c01.{u24}.{u64}
PostHog = phx_{w43}
Terraform = {w14}.atlasv1.{d67}
Azure client = {w3}8Q~{d34}
MaxMind = {w6}_{w29}_mmk
Zhipu = {h32}.{w16}
ClickUp = pk_{n8}_{u32}
Zoho = 1000.{h32}.{h32}
web token = eyJ{w33}.eyJ{w90}.{d43}
""".strip().splitlines()
)
"""Keys that can be told by themselves; ``{w24}`` stands for 24 signs of the alphabet ``w``."""

BARE = dict(
    line.rsplit(" = ", 1)
    for line in """
thirty-two letters and digits = {w32}
forty letters and digits = {w40}
twenty-four letters and digits = {w24}
twenty letters and digits = {w20}
sixty-four hexadecimal = {h64}
forty hexadecimal = {h40}
thirty-two hexadecimal = {h32}
small letters and digits = {l32}
capitals and digits = {u32}
with dashes = {d32}
base64 of thirty-two bytes = {b43}=
base64 of sixty-four bytes = {b86}==
AWS secret = {b40}
identifier = {h8}-{h4}-4{h3}-a{h3}-{h12}
base58 = {z44}
""".strip().splitlines()
)
"""Keys that nothing but a name tells."""

FILLS = (
    "todo",
    "test",
    "demo",
    "your",
    "fake",
    "null",
    "foo",
    "abcdef",
    "1234567",
    "sample",
    "example",
    "none",
)
"""Words that a key may hold by chance."""


@dataclass(frozen=True)
class Plant:
    """A key in a place.

    Attributes:
        path: Of the file it stands in.
        data: The content of that file.
        key: The key.
        kind: Its kind.
        place: Where it stands.
        named: It stands behind the name of a secret, and is told by that alone.
    """

    path: str
    data: bytes
    key: str
    kind: str
    place: str
    named: bool


def drawn(template: str, chance: random.Random) -> str:
    """A key of a kind."""
    return _PART.sub(
        lambda part: "".join(chance.choices(_ALPHABETS[part[1]], k=int(part[2]))), template
    )


def with_word(key: str, chance: random.Random) -> str:
    """A key that happens to hold a word of a placeholder, where it has room for one and its alphabet has the letters."""
    runs = [
        run
        for run in re.finditer(r"[A-Za-z0-9]{22,}", key)
        if not re.fullmatch(r"[0-9a-f]+|[0-9]+", run[0])
    ]
    if not runs:
        return key
    run = chance.choice(runs)
    word = chance.choice(FILLS)
    word = word.upper() if run[0].isupper() else word
    at = run.start() + 10 + chance.randrange(max(1, len(run[0]) - len(word) - 10))
    return key[:at] + word + key[at + len(word) :]


def _name(chance: random.Random) -> str:
    stem = chance.choice(
        ["ACME", "WEATHER", "OPENWEATHER", "MISTRAL", "DEEPGRAM", "SEARCH", "CRM", "MY_SERVICE"]
    )
    return f"{stem}_{chance.choice(['API_KEY', 'KEY', 'TOKEN', 'SECRET', 'API_TOKEN', 'ACCESS_TOKEN', 'CLIENT_SECRET', 'PAT', 'AUTH_TOKEN'])}"


def _camel(chance: random.Random) -> str:
    return chance.choice(
        [
            "apiKey",
            "apiToken",
            "mistralKey",
            "accessToken",
            "clientSecret",
            "authToken",
            "secretKey",
            "botToken",
            "deepgramApiKey",
        ]
    )


def _dashed(chance: random.Random) -> str:
    return chance.choice(
        [
            "api-key",
            "token",
            "access-token",
            "client-secret",
            "auth-token",
            "secret-key",
            "api-token",
        ]
    )


Frame = Callable[[str, random.Random], str]
NAMED_PLACES: dict[str, Frame] = {
    "environment file": lambda v, c: f"# service\nDEBUG=1\n{_name(c)}={v}\nPORT=80\n",
    "shell": lambda v, c: f"#!/bin/sh\nexport {_name(c)}={c.choice(['', chr(34)])}{v}\n".replace(
        '="' + v, f'="{v}"'
    ),
    "YAML": lambda v, c: (
        f"service:\n  url: https://api.acme.dev/v1\n  {c.choice([_camel(c), _dashed(c), _name(c).lower()])}: {v}\n"
    ),
    "YAML in quotes": lambda v, c: f'service:\n  {_camel(c)}: "{v}" # keep\n',
    "JSON": lambda v, c: json.dumps(
        {"service": {"url": "https://api.acme.dev", _camel(c): v}}, indent=1
    ),
    "JSON in one line": lambda v, c: json.dumps({"a": 1, _name(c): v}),
    "JSON in JSON": lambda v, c: json.dumps({"output": json.dumps({_name(c).lower(): v})}),
    "TOML": lambda v, c: f'[service]\n{_name(c).lower()} = "{v}"\n',
    "ini": lambda v, c: f"[service]\n{_name(c).lower()}={v}\n",
    "Python": lambda v, c: f'import os\n\nos.environ["{_name(c)}"] = "{v}"\n',
    "Python setdefault": lambda v, c: f"os.environ.setdefault('{_name(c)}', '{v}')\n",
    "Python argument": lambda v, c: (
        f'client = Client(url, {c.choice(["api_key", "token", "auth_token"])}="{v}")\n'
    ),
    "Python constant": lambda v, c: f'{_name(c)}: str = "{v}"\n',
    "JavaScript": lambda v, c: f"const {_camel(c)} = '{v}';\n",
    "JavaScript object": lambda v, c: f"new Client({{ {_camel(c)}: `{v}` }})\n",
    "process.env": lambda v, c: f"process.env.{_name(c)} = '{v}'\n",
    "flag": lambda v, c: f"tool run --{_dashed(c)} {v} --verbose\n",
    "flag with equals": lambda v, c: f"tool run --{_dashed(c)}={v}\n",
    "flag in a list": lambda v, c: json.dumps({"args": ["-y", "tool", f"--{_dashed(c)}", v]}),
    "curl user": lambda v, c: f"curl -u api:{v} https://api.acme.dev/v1/me\n",
    "curl bearer": lambda v, c: f'curl -H "Authorization: Bearer {v}" https://api.acme.dev\n',
    "curl token": lambda v, c: f"curl -H 'Authorization: token {v}' https://api.acme.dev\n",
    "curl header": lambda v, c: f'curl -H "X-Api-Key: {v}" https://api.acme.dev\n',
    "query": lambda v, c: (
        f"Open https://api.acme.dev/v1/search?q=cats&{c.choice(['key', 'api_key', 'token', 'access_token'])}={v}\n"
    ),
    "table": lambda v, c: f"| name | value |\n|---|---|\n| host | acme |\n| {_name(c)} | `{v}` |\n",
    "column of a table": lambda v, c: f"| service | API key |\n|---|---|\n| acme | {v} |\n",
    "next line": lambda v, c: f"{_name(c)}:\n  {v}\n",
    "folded": lambda v, c: f"{_camel(c)}: >-\n  {v}\nnext: 1\n",
    "prose": lambda v, c: f"The API key is `{v}`, keep it.\n",
    "bold": lambda v, c: f"- **API key:** {v}\n",
    "spoken": lambda v, c: f"API key: {v}\n",
    "heading": lambda v, c: f"## Access token\n\n```\n{v}\n```\n",
    "Dockerfile": lambda v, c: f"FROM python:3.11\nENV {_name(c)} {v}\n",
    "compose": lambda v, c: f"environment:\n  - {_name(c)}={v}\n",
    "name and value": lambda v, c: f"env:\n  - name: {_name(c)}\n    value: {v}\n",
    "name and value in JSON": lambda v, c: json.dumps({"env": [{"name": _name(c), "value": v}]}),
    "PowerShell": lambda v, c: f'$env:{_name(c)} = "{v}"\n',
    "fish": lambda v, c: f"set -gx {_name(c)} {v}\n",
    "setx": lambda v, c: f"setx {_name(c)} {v}\n",
    "netrc": lambda v, c: f"machine api.acme.dev login me password {v}\n",
    "npmrc": lambda v, c: f"//registry.acme.dev/:_authToken={v}\n",
    "docker login": lambda v, c: json.dumps(
        {"auths": {"acme.dev": {"auth": base64.b64encode(f"me:{v}".encode()).decode()}}}
    ),
    "kubeconfig": lambda v, c: f"users:\n- name: me\n  user:\n    token: {v}\n",
    "connection string": lambda v, c: (
        f"Server=db;Database=a;User Id=me;Password={v};Encrypt=true\n"
    ),
    "URL": lambda v, c: (
        f"postgres://app:{v.replace('/', '_').replace('+', '-')}@db.acme.dev:5432/app\n"
    ),
    "XML": lambda v, c: f"<config><{_camel(c)}>{v}</{c.choice('ab')}></config>\n",
    "XML attribute": lambda v, c: f'<add key="ApiKey" value="{v}" />\n',
    "Ruby": lambda v, c: f"config = {{ :api_key => '{v}' }}\n",
    "Go": lambda v, c: f'os.Setenv("{_name(c)}", "{v}")\n',
    "PHP": lambda v, c: f"define('{_name(c)}', '{v}');\n",
    "notebook": lambda v, c: _notebook(f'os.environ["{_name(c)}"] = "{v}"\n'),
    "basic authentication": lambda v, c: (
        f"Authorization: Basic {base64.b64encode(f'me:{v}'.encode()).decode()}\n"
    ),
    "CSV": lambda v, c: f"name,value\n{_name(c)},{v}\n",
}
"""Behind a name, as people write it."""
ANYWHERE: dict[str, Frame] = {
    "alone": lambda v, c: v,
    "prose alone": lambda v, c: f"Use {v} for now.\n",
    "in backticks": lambda v, c: f"Try `{v}` first.\n",
    "in a list": lambda v, c: json.dumps({"items": ["a", v]}),
    "behind an escape": lambda v, c: json.dumps({"prompt": f"Log in with\n{v}\nand go on"}),
    "in a comment": lambda v, c: f"x = 1  # {v}\n",
    "with colons": lambda v, c: f"login:{v}:end\n",
    "in quotes in a call": lambda v, c: f'connect("{v}")\n',
    "lines of Windows": lambda v, c: f"a\r\n{v}\r\nb\r\n",
    "in angle brackets of a link": lambda v, c: f"[x]({v})\n",
}
"""Without any name."""


def _notebook(source: str) -> str:
    cell = {"cell_type": "code", "source": ["import os\n", source], "outputs": [], "metadata": {}}
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/readme.md", "hello\n" * 50)
        archive.writestr("a/config.txt", text)
    return out.getvalue()


def zipped_twice(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inner.zip", zipped(text))
    return out.getvalue()


def database(text: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as one, one:
        one.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, role TEXT, content TEXT)")
        one.executemany(
            "INSERT INTO messages (role, content) VALUES (?, ?)",
            [("user", "hello"), ("assistant", text)] * 3,
        )
        return one.serialize()


PACKED: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "zip": ("pack.zip", zipped),
    "zip in a zip": ("pack.zip", zipped_twice),
    "gzip": ("log.gz", lambda text: gzip.compress(text.encode(), mtime=0)),
    "database": ("notes.db", database),
    "UTF-16": ("notes.txt", lambda text: text.encode("utf-16")),
}
"""Inside of another file."""


def planted(seed: int, rounds: int = 1) -> Iterator[Plant]:
    """Every kind in every place it can stand in; each round draws other keys, one in four holding a word by chance."""
    chance = random.Random(seed)
    for _ in range(rounds):
        for kind, template in PREFIXED.items():
            for place, frame in {**NAMED_PLACES, **ANYWHERE}.items():
                yield _plant(kind, template, place, frame, chance, named=False)
            for place in PACKED:
                yield _packed(kind, template, place, chance)
        for kind, template in BARE.items():
            for place, frame in NAMED_PLACES.items():
                yield _plant(kind, template, place, frame, chance, named=True)


def _key(template: str, chance: random.Random) -> str:
    key = drawn(template, chance)
    return (
        with_word(key, chance)
        if chance.random() < 0.25 and not re.search(r"\{[hcn]\d", template)
        else key
    )


def _plant(
    kind: str, template: str, place: str, frame: Frame, chance: random.Random, *, named: bool
) -> Plant:
    key = _key(template, chance)
    return Plant("notes.md", frame(key, chance).encode(), key, kind, place, named)


def _packed(kind: str, template: str, place: str, chance: random.Random) -> Plant:
    key = _key(template, chance)
    path, pack = PACKED[place]
    return Plant(path, pack(f"use {key} there"), key, kind, place, named=False)
