"""What the gateway's redaction has to mask, and what it has to leave as it is. Nobody's secrets: all are made up.

The quick tests hold the patterns against it, `make e2e` the Collector that runs them.
"""

from __future__ import annotations

import re

__all__ = ["HARMLESS", "QUERIES", "SECRETS", "left_of"]


def words(text: str) -> list[str]:
    return text.split()


SECRETS: list[str] = [
    *words("""
    sk-abcdefghijklmnop1234567890 sk-proj-abc_DEF-0123456789abcdef sk-ant-api03-abcdefghijkl_mnop sk-************wxyz
    AIzaSyA1234567890abcdefghijklmnopqrstuv xai-abcdefghijklmnop1234 gsk_abcdefghijklmnop1234 pplx-abcdefghijklmnop1234
    hf_abcdefghijklmnopqrst r8_abcdefghijklmnopqrst nvapi-abcdefghijklmnopqrst AKIAIOSFODNN7EXAMPLE ASIAIOSFODNN7EXAMPLE
    ABSKQmVkcm9ja0FQSUtleS1hYmNk ya29.a0AfH6SMBabcdefghijkl ghp_abcdefghijklmnop1234 github_pat_11ABCDEFG0abcdefgh
    AQ.Ab8RN6abcdefghijklmnopqr csk-abcdefghijklmnop1234 glpat-abcdefghijklmnop1234
    xoxb-123456789012-abcdef eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl
    postgres://bob:hunter2hunter2@db/x https://x.example/v1?key=abcdefgh1234 https://x.example/v1?a=1&sig=abcdefgh1234
    api_key=abcdefgh1234 "apiKey":"abcdefgh1234" OPENAI_API_KEY=abcdefgh1234 password=correcthorse
    https://abcdefgh1234@git.example/x https://abcdefgh1234:x-oauth-basic@git.example/x redis://:hunter2@cache:6379/0
    ssh://deploy@host.example/x https://bob:p:q@host.example
    https://x.example/v1?api-version=1&subscription-key=abcdefgh1234 https://x.example/?SUBSCRIPTION-KEY=abcdefgh1234
    https://x.example/cb?code=4/0AX4XfWhabcdefgh&scope=a https://x.example/#access_token=abcdefgh&state=x
    https://x.example/blob?sv=2024&Sig=abc%2Bdef%3D&se=1 https://x.example/v1?Key=abcdefgh1234
    https://x.example/go?to=https%3A%2F%2Fy.example%2F%3Fkey%3Dabcdefgh1234
    X-Amz-Signature=abcdefgh1234 x-goog-credential=abcdefgh1234 X-AMZ-SECURITY-TOKEN=abcdefgh1234
    subscription-key=abcdefgh1234 Ocp-Apim-Subscription-Key=abcdefgh1234 ocp-apim-subscription-key:abcdefgh1234
    client_secret=abcdefgh Client_Secret=abcdefgh CLIENT_SECRET=abcdefgh "clientSecret":"abcdefgh" secret=abcdefgh
    api-key=abcdefgh Api-Key=abcdefgh X-API-KEY=abcdefgh x-api-key:abcdefgh openaiApiKey=abcdefgh aPi_KeY=abcdefgh
    sig=abcdefgh SIG=abcdefgh signature=abcdefgh token=abcdefgh Token=abcdefgh Pwd=abcdefgh
    access_token=abcdefgh ACCESS_TOKEN=abcdefgh accessToken=abcdefgh refresh_token=abcdefgh 'refreshToken':'abcdefgh'
    id_token=abcdefgh session-token=abcdefgh PASSWORD=hunter2 Password=hunter2 passwd=hunter2 dbPassword=hunter2
    AccountKey=abcdefgh== SharedAccessKey=abcdefgh= AWSAccessKeyId=abcdefgh signing_key=abcdefgh
    dbpassword=hunter2 myClientSecret=abcdefgh
    code_verifier=abcdefgh client_assertion=abcdefgh Authorization=Bearer%20abcdefgh
    """),
    "Bearer abcdef0123456789abcd",
    "BEARER abcdef0123456789abcd",
    "Basic dXNlcjpwYXNzd29yZA==",
    "basic dXNlcjpwYXNzd29yZA==",
    "Authorization: Bearer abcdefgh",
    "authorization: abcdefgh",
    "AUTHORIZATION: Basic dXNlcjpwYXNz",
    "{'Authorization': 'Token abcdefgh'}",
    '{"ocp-apim-subscription-key": ["abcdefgh1234"]}',
    '{\\"client_secret\\": \\"abcdefgh\\"}',
    "Api-Key: abcdefgh",
    "API key: abcdefgh",
    "Subscription-Key : abcdefgh",
    "[(b'x-api-key', b'abcdefgh1234')]",
    "[('Ocp-Apim-Subscription-Key', 'abcdefgh1234')]",
    "headers={b'api-key': b'abcdefgh1234'}",
    "-----BEGIN PRIVATE KEY-----\nMIIE\n",
]

# The whole of `url.query`, which instrumentations write without its `?`. In a sentence these words mean other things.
QUERIES = words("""
    key=abcdefgh1234 Key=abcdefgh1234 KEY=abcdefgh1234 alt=sse&key=abcdefgh1234 alt=sse&KEY=abcdefgh1234
    code=abcdefgh1234 state=x&code=abcdefgh1234 CODE=abcdefgh1234 #code=abcdefgh1234 key%3Dabcdefgh1234
    a=1;key=abcdefgh1234 access_token=abcdefgh1234 api-version=1&Subscription-Key=abcdefgh1234 sig=a%2Fbcdefgh%3D
""")

HARMLESS = words("""
    0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 3f2504e0-4f89-11d3-9a0c-0305e82c3301 1234567890123456789 0.0123
    task-management-system-with-a-long-name task-0af7651916cd43dd8448eb211c80319c gpt-4o-mini-2024-07-18
    https://shop.example/users?page=2&sort=name us.anthropic.claude-sonnet-4-5-20250929-v1:0 chatcmpl-9XyZabc123def456
    Basic authentication 127.0.0.1:4317 2026-11-22T22:15:00Z openai.BadRequestError
    monkey=banana tokens=12 token=12 token_count=12345678 max_tokens=40000000 input_tokens=1000000 total_tokens:12345678
    gen_ai.usage.input_tokens gen_ai.usage.output_tokens=12345678 completion_token=12345678 access_tokens=12345678
    sort_key=created_at cache-key=abcdefgh1234 partition_key=abcdefgh1234 idempotency-key=abcdefgh1234 hotkey=abcdefgh
    turkey=abcdefgh keys=abcdefgh1234 keyboard=abcdefgh1234 code=404 status_code=12345678 error_code=abcdefgh1234
    zipcode=abcdefgh1234 barcode=abcdefgh1234 unicode=abcdefgh1234 encode=abcdefgh1234 design=abcdefgh1234
    signatures=12345678 assigned=abcdefgh1234 secretary=abcdefgh1234 authorized=abcdefgh1234 author=abcdefgh1234
    passwordless=abcdefgh1234 tokenizer=abcdefgh1234 page_token=abcdefgh1234 PWD=/srv/app OLDPWD=/srv/app/x
    https://shop.example/users?page=2&monkey=banana&tokens=12345678 https://medium.example/@someone/a-story
    https://x.example/v1?api-version=2024-10-21 https://x.example/a@b https://x.example/?mail=a@b.example
    invalid_api_key invalid_token token_expired secret_name password_reset
""")
HARMLESS += [
    "The bearer of this letter",
    "Basic authentication",
    "Bearer token required",
    "the key was pressed",
    "a code of conduct",
    "{'error': {'code': 'invalid_api_key', 'param': None}}",
    'error="invalid_token", error_description="The token expired"',
]


def left_of(text: str) -> str | None:
    """A piece of one of the secrets above, if a text still has one; most are made of these few."""
    found = re.search("bcdefgh|hunter2|correcthorse|dXNl", text)
    return found[0] if found else None
