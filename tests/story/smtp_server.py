"""A mail server for the tests (aiosmtpd): TLS, a sign-in, and each message as one line of JSON on standard output.

smtp_server.py starttls|tls|plain CERTIFICATE KEY USER PASSWORD
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

how, certificate, key, user, password = sys.argv[1:]


def say(line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


class Mailbox:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "subject": str(message["subject"]),
                "text": message.get_content(),
                "tls": session.ssl is not None or how == "tls",
                "user": session.auth_data,
                "raw": envelope.content.decode("utf-8", "replace"),
            }
        )
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    login, given = data.login.decode(), data.password.decode()
    if login == user and given == password:
        return AuthResult(success=True, auth_data=login)
    return AuthResult(success=False, handled=False)


async def main():
    context = None
    if how != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)

    def session():
        return SMTP(
            Mailbox(),
            authenticator=authenticate,
            auth_required=True,
            # Over TLS from the first byte on, it does not know that there is any.
            auth_require_tls=how == "starttls",
            require_starttls=how == "starttls",
            tls_context=context if how == "starttls" else None,
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", 0, ssl=context if how == "tls" else None
    )
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
