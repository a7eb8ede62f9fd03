"""Starts ministack with what our proofs need beyond it (decision 18).

Its CDN may reach AWS's names: in this network they lead back to ministack. HEAD of a missing object is refused to who may
not list the bucket, and Lambda sends failures by the function's role, both as in AWS. The prover can have requests to S3
answered wrongly, or held, by rules that it puts to /_prove/faults, and learns from /_prove/refused what IAM refused.
"""

import asyncio
import json
from urllib.parse import parse_qs

import ministack.app as served
import ministack.services.cloudfront as cdn
import ministack.services.lambda_svc as functions
from ministack.core import cloudfront_js, iam_evaluator

assert ".amazonaws.com" in cdn._AWS_OWNED_HOST_SUFFIXES, "ministack keeps its list of AWS's names elsewhere"
cdn._AWS_OWNED_HOST_SUFFIXES = ()

# The CDN's functions run in Node, which takes seconds to start on a busy machine: that is no runaway function.
assert cloudfront_js._EVAL_TIMEOUT < 60
cloudfront_js._EVAL_TIMEOUT = 60.0

ministack = served.app
send_failure = functions._route_async_failure
enforce = iam_evaluator.enforce

# Who was refused what since it was last asked for.
refused = []


class Rule:
    """What becomes of requests with this method and these parameters in their query, the first `times` of them."""

    def __init__(self, rule):
        self.method, self.query = rule["method"], rule["query"]
        # A status, or none: the request is held until the rules are replaced.
        self.status, self.times = rule.get("status"), rule["times"]
        self.hits = 0
        self.released = asyncio.Event()

    def matches(self, method, query):
        return method == self.method and all(name in query for name in self.query) and self.hits < self.times


rules = []


async def app(scope, receive, send):
    if scope["type"] != "http":
        return await ministack(scope, receive, send)
    if scope["path"] == "/_prove/faults":
        return await control(scope, receive, send)
    if scope["path"] == "/_prove/refused":
        taken, refused[:] = list(refused), []
        return await answer(send, 200, json.dumps(taken).encode())
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    bucket = bucket_of(headers.get("host", ""))
    if bucket is None:
        return await ministack(scope, receive, send)
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    # Parts and downloads are presigned, and pass.
    is_signed = "authorization" in headers
    rule = next((rule for rule in rules if is_signed and rule.matches(scope["method"], query)), None)
    if rule is not None:
        rule.hits += 1
        if rule.status is not None:
            return await answer(send, rule.status, b"")
        await rule.released.wait()
    if scope["method"] == "HEAD" and is_signed:
        send = hides_missing(bucket, headers, query, send)
    await ministack(scope, receive, send)


async def control(scope, receive, send):
    """PUT replaces the rules and releases what is held; GET returns how often each was met."""
    if scope["method"] == "PUT":
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        new = [Rule(rule) for rule in json.loads(body)]
        for rule in rules:
            rule.released.set()
        rules[:] = new
    await answer(send, 200, json.dumps([rule.hits for rule in rules]).encode())


async def answer(send, status, body):
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def bucket_of(host):
    """The functions' own calls have the bucket in the host."""
    bucket, _, rest = host.partition(".")
    return bucket if rest.startswith("s3.") and rest.endswith(".amazonaws.com") else None


def hides_missing(bucket, headers, query, send):
    async def hidden(message):
        if message["type"] == "http.response.start" and message["status"] == 404:
            # In the request's own context, which knows who signed it.
            if served._enforce_data_plane("s3", "s3:ListBucket", headers, query, "", resource_arn=f"arn:aws:s3:::{bucket}"):
                message = {**message, "status": 403}
        await send(message)

    return hidden


def enforce_and_note(key, action, service, region, resource_arn="*", service_context=None):
    result = enforce(key, action, service, region, resource_arn, service_context)
    if isinstance(result, iam_evaluator.EvalResult):
        refused.append({"who": result.principal_arn, "action": action, "resource": resource_arn})
    return result


def send_failure_by_role(target, name, event, result):
    function = functions._functions[name]["config"]
    account, role = function["Role"].split(":")[4], function["Role"].rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=function["Role"],
        principal_type="AssumedRole",
        principal_account=account,
        action="sqs:SendMessage",
        resource_arn=target,
        region=target.split(":")[3],
    )
    allowed = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(role, account))
    if allowed.decision == "Allow":
        send_failure(target, name, event, result)
    else:
        refused.append({"who": function["Role"], "action": "sqs:SendMessage", "resource": target})


served.app = app
iam_evaluator.enforce = enforce_and_note
functions._route_async_failure = send_failure_by_role

served.main()
