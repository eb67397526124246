"""The Collector's files, read and not run: what they wire, what they redact, what they take their names from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from chunkmeter import semconv
from support import ROOT
from support.secret_shapes import HARMLESS, QUERIES, SECRETS, left_of

FOLDER = ROOT / "collector-config"
COLLECTORS = ("collector.agent", "collector.jobs", "collector.minimal", "collector")
FILES = (*COLLECTORS, "jaeger")
OVER = {"secure": ("collector", "collector.agent", "collector.jobs"), "secure.agent": ("collector.agent",)}
"""What guards which files, laid over them."""


def words(text: str) -> list[str]:
    return text.split()


MODULES = {
    "receivers": {"otlp": "otlpreceiver"},
    "processors": {
        "batch": "batchprocessor",
        "delta_to_cumulative": "deltatocumulativeprocessor",
        "interval": "intervalprocessor",
        "memory_limiter": "memorylimiterprocessor",
        "redaction": "redactionprocessor",
        "tail_sampling": "tailsamplingprocessor",
        "transform": "transformprocessor",
    },
    "exporters": {
        "load_balancing": "loadbalancingexporter",
        "otlp_grpc": "otlpexporter",
        "otlp_http": "otlphttpexporter",
    },
    "extensions": {
        "bearertokenauth": "bearertokenauthextension",
        "file_storage": "filestorage",
        "health_check": "healthcheckextension",
    },
}
DEPRECATED = {
    "otlp": "exporters", "otlphttp": "exporters", "logging": "exporters", "loadbalancing": "exporters",
    "deltatocumulative": "processors", "resourcedetection": "processors", "probabilisticsampler": "processors",
    "spanmetrics": "connectors", "signaltometrics": "connectors", "servicegraph": "connectors",
    "memory_ballast": "extensions",
}  # fmt: skip

# What other instrumentations write prompts and answers into, on any span.
CONTENT = words("""
    gen_ai.input.messages gen_ai.output.messages gen_ai.system_instructions gen_ai.tool.definitions
    gen_ai.tool.call.arguments gen_ai.tool.call.result gen_ai.retrieval.documents gen_ai.retrieval.query.text
    gen_ai.memory.records gen_ai.evaluation.explanation
    gen_ai.prompt gen_ai.completion gen_ai.prompt.0.content gen_ai.completion.0.content gen_ai.prompt.12.reasoning
    gen_ai.prompt.3.tool_calls.0.arguments gen_ai.completion.0.tool_calls.1.arguments gen_ai.completion.0.refusal
    gen_ai.content.prompt gen_ai.content.completion gen_ai.content.reasoning gen_ai.content.revised_prompt
    gen_ai.event.content gen_ai.user.message gen_ai.system.message gen_ai.assistant.message gen_ai.tool.message
    gen_ai.choice gen_ai.response.tool_calls gen_ai.request.structured_output_schema gen_ai.agent.instructions
    gen_ai.tool.args gen_ai.tool.output gen_ai.workflow.input
    traceloop.entity.input traceloop.entity.output traceloop.prompt.template traceloop.prompt.template_variables
    traceloop.prompt.template_variables.name mcp.request.argument mcp.response.value db.query.result.document
    db.query.result.metadata db.query.embeddings.vector llm.request.functions.0.parameters llm.headers
    input.value output.value llm.prompts llm.prompts.0.prompt.text llm.choices.0.completion.text
    llm.input_messages.0.message.content llm.output_messages.0.message.content llm.invocation_parameters
    llm.input_messages.1.message.contents.0.message_content.text llm.function_call llm.prompt_template.template
    llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments llm.prompt_template.variables
    llm.tools.0.tool.json_schema embedding.text embedding.embeddings.0.embedding.text embedding.vector
    retrieval.documents.0.document.content document.content reranker.query reranker.input_documents.0.document.content
    reranker.output_documents.2.document.content tool.parameters message.content message_content.text
    request_data response_data all_messages_events pydantic_ai.all_messages model_request_parameters
    langfuse.observation.input langfuse.observation.output langfuse.observation.status_message langfuse.trace.input
    langfuse.trace.output langfuse.trace.metadata.note
    mirascope.response.content mirascope.response.messages mirascope.trace.arg_values mirascope.trace.output
    mlflow.spanInputs mlflow.spanOutputs mlflow.chat.messages
    gcp.vertex.agent.llm_request gcp.vertex.agent.llm_response gcp.vertex.agent.tool_call_args
    ai.prompt ai.prompt.messages ai.response.text ai.response.toolCalls ai.toolCall.args ai.toolCall.result ai.value
    lmnr.span.input braintrust.output_json haystack.component.input haystack.pipeline.output_data genkit:input
    http.request.body http.response.body.content
    http.request.header.authorization http.request.header.x-api-key http.request.header.x_goog_api_key
    http.response.header.set-cookie http.request.header.x-amz-security-token api_key openai.api_key llm.openai_api_key
    db.password aws.secret_access_key auth.access_token process.environment_variable.OPENAI_API_KEY
    http.request.header.ocp-apim-subscription-key http.request.header.Subscription-Key http.request.header.x-signature
    Authorization http.authorization X-API-KEY x-functions.api-key ocp-apim-subscription-key Subscription_Key
    client_secret oauth.clientSecret openaiApiKey AccountKey AZURE_CLIENT_SECRET dbPassword db.pwd refresh_token
    oauth.refreshToken SESSION_TOKEN id_token oidc.idToken token sig app.secret signing_key aws.access_key_id
""")

# The same, under names so plain that only a GenAI span is cleared of them.
PLAIN_CONTENT = words("""
    events prompt prompts completion messages message input output final_result tool_arguments tool_response
    error.message exception.message exception.stacktrace
""")

# What must come through, besides all that chunkmeter writes: others' usage, cost and reasons, and what is no secret.
KEPT = words("""
    gen_ai.usage.prompt_tokens gen_ai.usage.completion_tokens gen_ai.usage.total_tokens gen_ai.usage.cost
    gen_ai.usage.cache_read_input_tokens gen_ai.usage.cache_creation.input_tokens gen_ai.usage.reasoning_tokens
    gen_ai.system gen_ai.response.finish_reason gen_ai.completion.0.finish_reason gen_ai.completion.0.role
    gen_ai.prompt.0.role gen_ai.tool.name gen_ai.tool.call.id gen_ai.agent.name gen_ai.conversation.id
    gen_ai.prompt.name gen_ai.is_streaming gen_ai.request.tool_choice gen_ai.output.type gen_ai.token.type
    llm.usage.total_tokens llm.usage.token_type llm.request.type llm.request.model llm.response.model llm.is_streaming
    llm.token_count.prompt llm.token_count.completion llm.token_count.total llm.token_count.prompt_details.cache_read
    llm.cost.total llm.model_name llm.prompt_template.version openinference.span.kind traceloop.span.kind
    traceloop.entity.name traceloop.association.properties.user_id input.mime_type
    langfuse.observation.usage_details langfuse.observation.cost_details langfuse.observation.model.name
    mirascope.response.usage operation.cost ai.usage.promptTokens ai.response.finishReason ai.model.id
    anthropic.message.stop_reason openai.response.service_tier error.type exception.type
    http.request.body.size http.request.header.content-type http.request.method url.full url.path
    user.id session.id db.query.text db.system token.count messaging.message.id url.query url.template
    monkey messaging.kafka.message.key aws.s3.key db.primary_key sort_key cache.key keyboard tokens max_tokens
    next_token code error.code http.response.status_code signature code.signature design secretary password_policy
    tokenizer author authorized grid_token_count
""")

REASON_SHAPES = ("{}", '["{}"]', '["weird","{}"]', '["{}","weird"]')


@cache
def load(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(path.read_text()))


def collector(name: str) -> dict[str, Any]:
    return load(FOLDER / f"{name}.yaml")


def defined(config: dict[str, Any], kind: str) -> set[str]:
    return set(cast("dict[str, Any]", config.get(kind) or {}))


def pipelines(config: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    return cast("dict[str, dict[str, list[str]]]", config["service"]["pipelines"])


def scalars(node: Any) -> Iterator[tuple[str, Any]]:
    """Each scalar with the key it stands under."""
    if isinstance(node, dict):
        for key, value in cast("dict[str, Any]", node).items():
            for inner, scalar in scalars(value):
                yield inner or key, scalar
    elif isinstance(node, list):
        for value in cast("list[Any]", node):
            yield from scalars(value)
    else:
        yield "", node


def statements(processor: dict[str, Any]) -> list[str]:
    groups = cast("list[Any]", processor.get("trace_statements", []) + processor.get("metric_statements", []))
    return [line for group in groups for line in ([group] if isinstance(group, str) else group["statements"])]


def quoted_pattern(statement: str) -> str:
    """The last string of an OTTL statement, as the regular expression that it becomes."""
    return re.findall(r'"((?:[^"\\]|\\.)*)"', statement)[-1].replace("\\\\", "\\")


def key_patterns() -> list[str]:
    return cast("list[str]", collector("collector")["processors"]["redaction"]["blocked_key_patterns"])


def emitted() -> set[str]:
    """Every attribute that chunkmeter writes."""
    names = {
        value for value in vars(semconv).values() if isinstance(value, str) and re.fullmatch(r"[a-z_.]+\.\w*", value)
    }
    prefixes = {name for name in names if name.endswith(".")}
    assert prefixes == {semconv.COST_SPLIT, semconv.COST_METADATA}
    return (
        (names - prefixes - {"chunkmeter."})
        | {semconv.COST_SPLIT + part for part in ("input", "output", "cache_read", "cache_write")}
        | {semconv.COST_METADATA + field for field in ("tier", "cost", "cache_write", "tool_use_tokens", "batch_mode")}
        | {semconv.ERROR_TYPE, "otel.metric.overflow", "service.name", "service.instance.id"}
    )


@pytest.mark.parametrize("name", FILES)
def test_pipelines_name_what_is_defined_and_use_all_of_it(name: str) -> None:
    config = collector(name)
    used = {
        kind: {component for pipeline in pipelines(config).values() for component in pipeline.get(kind, [])}
        for kind in ("receivers", "processors", "exporters")
    }
    storages = {value for key, value in scalars(config["exporters"]) if key == "storage"}
    for kind, components in used.items():
        assert components == defined(config, kind)
    assert set(config["service"]["extensions"]) == defined(config, "extensions")
    assert storages <= defined(config, "extensions")
    assert defined(config, "connectors") == set(), "metrics that are made from spans would count twice"


@pytest.mark.parametrize("name", FILES)
def test_nothing_goes_by_a_deprecated_name(name: str) -> None:
    config = collector(name)
    assert not [
        alias for alias, kind in DEPRECATED.items() for full in defined(config, kind) if full.split("/")[0] == alias
    ]


@pytest.mark.parametrize("name", COLLECTORS)
def test_memory_is_limited_before_anything_else(name: str) -> None:
    assert {pipeline["processors"][0] for pipeline in pipelines(collector(name)).values()} == {"memory_limiter"}


def test_the_gateway_redacts_before_it_samples_and_exports() -> None:
    assert pipelines(collector("collector"))["traces"]["processors"] == [
        "memory_limiter", "transform/expose", "redaction", "transform/settle", "tail_sampling",
    ]  # fmt: skip
    assert collector("collector")["processors"]["transform/expose"]["error_mode"] == "propagate"


def test_what_is_lent_to_the_redaction_comes_back() -> None:
    processors = collector("collector")["processors"]
    lent, back = statements(processors["transform/expose"]), statements(processors["transform/settle"])
    keys = {key for line in lent for key in re.findall(r'attributes\["(redaction\.\w+)"\]', line)}
    assert keys == {"redaction.name", "redaction.status", "redaction.genai"}
    removed = next(re.compile(quoted_pattern(line)) for line in back if line.startswith("delete_matching_keys(span."))
    assert all(removed.search(key) for key in keys)
    assert 'delete_key(spanevent.attributes, "redaction.name")' in back


@pytest.mark.parametrize("name", [*FILES, *OVER, "dns.agent"])
def test_addresses_are_variables_that_the_head_of_the_file_explains(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    used = dict(cast("list[tuple[str, str]]", re.findall(r"\$\{env:(\w+):-([^}]+)\}", text)))
    head = text.partition("\n\n")[0]
    said = dict(cast("list[tuple[str, str]]", re.findall(r"^#   (CHUNKMETER_\w+) +(\[.+?\]|\S+)", head, re.MULTILINE)))
    assert used == said
    assert len(used) >= (5 if name in FILES else 3 if name in OVER else 2)
    keys = {
        "endpoint",
        "directory",
        "hostnames",
        "hostname",
        "decision_wait",
        "cert_file",
        "key_file",
        "ca_file",
        "filename",
    }
    assert all(
        "${env:CHUNKMETER_" in str(value) for key, value in scalars(load(FOLDER / f"{name}.yaml")) if key in keys
    )


@pytest.mark.parametrize("name", FILES)
def test_ports_and_health(name: str) -> None:
    config = collector(name)
    grpc, http = (config["receivers"]["otlp"]["protocols"][protocol]["endpoint"] for protocol in ("grpc", "http"))
    health = config["extensions"].get("health_check") or config["extensions"]["healthcheckv2"]["http"]
    assert [grpc, http, health["endpoint"]] == [
        "${env:CHUNKMETER_OTLP_GRPC:-0.0.0.0:4317}",
        "${env:CHUNKMETER_OTLP_HTTP:-0.0.0.0:4318}",
        "${env:CHUNKMETER_HEALTH:-0.0.0.0:13133}",
    ]


@pytest.mark.parametrize("name", OVER)
def test_what_is_laid_over_a_file_leaves_it_its_extensions(name: str) -> None:
    """A list takes the place of the list below it, so it has to say the whole."""
    config = collector(name)
    for below in OVER[name]:
        there = collector(below)["service"]["extensions"]
        assert config["service"]["extensions"] == [*there, *config["extensions"]]
    assert set(config) == {"extensions", "service", "receivers" if name == "secure" else "exporters"}
    assert set(config["service"]) == {"extensions"}


def test_every_protocol_asks_for_a_token_over_tls() -> None:
    config = collector("secure")
    protocols = config["receivers"]["otlp"]["protocols"]
    assert set(protocols) == set(collector("collector")["receivers"]["otlp"]["protocols"])
    for protocol in protocols.values():
        assert {"cert_file", "key_file"} <= set(protocol["tls"])
        assert protocol["auth"]["authenticator"] in config["extensions"]


def test_every_exporter_of_a_guarded_agent_shows_a_token_over_tls() -> None:
    config = collector("secure.agent")
    assert set(config["exporters"]) == set(collector("collector.agent")["exporters"])
    for exporter in config["exporters"].values():
        assert exporter["protocol"]["otlp"]["tls"]["insecure"] is False
        assert exporter["protocol"]["otlp"]["auth"]["authenticator"] in config["extensions"]


def test_gateways_found_by_name_take_the_place_of_the_list() -> None:
    """For each exporter; of two resolvers the Collector takes neither."""
    config = collector("dns.agent")
    assert set(config) == {"exporters"}
    assert set(config["exporters"]) == set(collector("collector.agent")["exporters"])
    for name, exporter in config["exporters"].items():
        assert set(exporter) == {"resolver"}
        there = collector("collector.agent")["exporters"][name]["resolver"]
        assert {**there, **exporter["resolver"]}.keys() == {"static", "dns"}
        assert exporter["resolver"]["static"] is None


@pytest.mark.parametrize("name", OVER)
def test_no_token_stands_in_a_configuration(name: str) -> None:
    assert not [key for key, _ in scalars(collector(name)) if key in {"token", "tokens", "key_pem", "cert_pem"}]
    assert all("filename" in extension for extension in collector(name)["extensions"].values())


@pytest.mark.parametrize("name", FILES)
def test_no_port_is_taken_for_own_metrics(name: str) -> None:
    metrics = collector(name)["service"]["telemetry"]["metrics"]
    assert metrics == {"level": "none"} or [set(reader) for reader in metrics["readers"]] == [{"periodic"}]


@pytest.mark.parametrize("name", ["collector", "collector.jobs", "collector.minimal"])
def test_points_reach_prometheus_one_request_at_a_time_and_unmerged(name: str) -> None:
    exporter = collector(name)["exporters"]["otlp_http/prometheus"]
    assert exporter["sending_queue"]["num_consumers"] == 1
    assert "batch" not in exporter["sending_queue"]
    if name != "collector.minimal":
        assert exporter["retry_on_failure"]["max_elapsed_time"] == "0s"
        assert exporter["sending_queue"]["storage"] == "file_storage/queue"


@pytest.mark.parametrize("pattern", key_patterns())
def test_a_blocked_key_is_anchored_and_spares_what_is_not_content(pattern: str) -> None:
    depth, brackets = 0, re.sub(r"\\.|\[[^\]]*\]", "", pattern)
    assert re.fullmatch(r"(\(\?i\))?\^.*\$", pattern)
    for char in brackets:
        depth += {"(": 1, ")": -1}.get(char, 0)
        assert char != "|" or depth, "an alternative outside brackets escapes the anchors"
    assert not [name for name in sorted(emitted() | set(KEPT)) if re.search(pattern, name)]


@pytest.mark.parametrize("name", CONTENT)
def test_content_is_blocked_on_any_span(name: str) -> None:
    assert [pattern for pattern in key_patterns() if re.search(pattern, name)]


def test_no_pattern_is_without_a_name_that_needs_it() -> None:
    assert not [pattern for pattern in key_patterns() if not any(re.search(pattern, name) for name in CONTENT)]


@pytest.mark.parametrize("context", ["span", "spanevent"])
def test_plainly_named_content_is_taken_off_genai_spans_only(context: str) -> None:
    names = PLAIN_CONTENT if context == "span" else [name for name in PLAIN_CONTENT if "." in name]
    groups = cast("list[dict[str, Any]]", collector("collector")["processors"]["transform/expose"]["trace_statements"])
    deletions = [
        re.compile(quoted_pattern(line))
        for group in groups
        for line in group["statements"]
        if line.startswith(f"delete_matching_keys({context}.")
        and group.get("conditions") == ['span.attributes["redaction.genai"] == true']
    ]
    assert all(any(deletion.search(name) for deletion in deletions) for name in names)
    assert not [name for name in sorted(emitted() | set(KEPT)) for deletion in deletions if deletion.search(name)]


@pytest.mark.parametrize("name", ["gen_ai.system", "llm.request.type", "openinference.span.kind", "traceloop.span.kind",
                                  "langfuse.observation.type", "gen_ai.operation.name"])  # fmt: skip
def test_a_genai_span_is_known_by_its_keys(name: str) -> None:
    lines = statements(collector("collector")["processors"]["transform/expose"])
    marker = re.compile(
        quoted_pattern(next(line for line in lines if line.startswith('set(span.attributes["redaction.genai"]')))
    )
    assert marker.search(name)
    assert marker.search(f"http.method {name}")
    assert not marker.search("http.method my_llm.x email.to main.id chain.id")


def blocked_values() -> list[re.Pattern[str]]:
    patterns = cast("list[str]", collector("collector")["processors"]["redaction"]["blocked_values"])
    return [re.compile(pattern, re.ASCII) for pattern in patterns]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_known_by_its_shape_alone_and_in_a_sentence(secret: str) -> None:
    for text in (secret, f'{{"error": "you sent {secret} and it is wrong"}}'):
        assert [pattern for pattern in blocked_values() if pattern.search(text)]


@pytest.mark.parametrize("query", QUERIES)
def test_a_secret_in_a_query_is_known_without_its_question_mark(query: str) -> None:
    assert masked(query) != query
    assert left_of(masked(query)) is None


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_of_a_secret_that_is_told_by_its_name_stays(secret: str) -> None:
    """All of it is in the match, to the last character."""
    for text in (secret, f'{{"error": "you sent {secret} and it is wrong"}}'):
        assert left_of(masked(text)) is None


def test_no_pattern_is_without_a_secret_that_needs_it() -> None:
    """Each is the only one that finds something, were it only in one spelling of many."""
    patterns = blocked_values()
    needed = {
        found[0] for text in (*SECRETS, *QUERIES) if len(found := [one for one in patterns if one.search(text)]) == 1
    }
    assert set(patterns) - needed == set()


def masked(text: str) -> str:
    """What the Collector makes of it: one pattern after the other."""
    for pattern in blocked_values():
        text = pattern.sub("****", text)
    return text


def test_ids_and_numbers_are_no_secrets() -> None:
    assert not [(text, pattern) for text in HARMLESS for pattern in blocked_values() if pattern.search(text)]


def reason_statements() -> list[tuple[str, re.Pattern[str]]]:
    lines = statements(collector("collector")["processors"]["transform/settle"])
    pattern = re.compile(r'set\(span\.attributes\["([\w.]+)"\], "(\w+)"\) where IsMatch\(span\.cache\["said"\],')
    found = [(match, line) for line in lines if (match := pattern.match(line))]
    assert {match[1] for match, _ in found} == {semconv.FINISH_REASON}
    return [(match[2], re.compile(quoted_pattern(line), re.ASCII)) for match, line in found]


def settled(said: str) -> str:
    return next((word for word, pattern in reversed(reason_statements()) if pattern.search(said)), "none")


@pytest.mark.parametrize("shape", REASON_SHAPES)
def test_one_finish_reason_a_span_in_the_words_of_the_metrics(shape: str) -> None:
    words = cast("dict[str, str]", vars(semconv)["_REASONS"])
    wrong = {
        word: settled(shape.format(word))
        for word in words
        if settled(shape.format(word)) != semconv.worst_reason([word])
    }
    assert wrong == {}
    assert settled(shape.format("UNHEARD_OF")) == "other"


@pytest.mark.parametrize(
    "reasons",
    [["stop", "length"], ["tool_calls", "stop"], ["MAX_TOKENS", "SAFETY"], ["error", "content_filter"], [""], []],
)
def test_the_worst_reason_over_the_choices(reasons: list[str]) -> None:
    said = "[" + ",".join(f'"{reason}"' for reason in reasons) + "]"
    assert settled(said) == semconv.worst_reason([reason or None for reason in reasons])


def test_a_word_that_is_there_stays() -> None:
    """chunkmeter writes its own; the gateway has a word for the spans of others alone."""
    groups = cast("list[dict[str, Any]]", collector("collector")["processors"]["transform/settle"]["trace_statements"])
    (group,) = (group for group in groups if any(semconv.FINISH_REASON in line for line in group["statements"]))
    (condition,) = group["conditions"]
    assert condition.startswith(f'span.attributes["{semconv.FINISH_REASON}"] == nil and (')
    assert semconv.OUTCOME not in str(group)


@pytest.mark.parametrize("name", COLLECTORS)
def test_no_statement_sets_what_may_not_be_there(name: str) -> None:
    """The Collector logs a nil that is set, once a span: such a statement says where it holds, or its group does."""
    lent = {'span.attributes["redaction.name"]', 'spanevent.attributes["redaction.name"]'}  # to all of them, above
    for processor in cast("dict[str, dict[str, Any]]", collector(name)["processors"]).values():
        for line in statements(processor):
            if (read := re.match(r"set\([^,]+, (\w+\.attributes\[[^]]+\])\)", line)) and read[1] not in lent:
                assert f"where {read[1]} != nil" in line, line


def test_what_is_kept_whole_is_named_as_chunkmeter_names_it() -> None:
    sampling = collector("collector")["processors"]["tail_sampling"]
    policies = {policy["name"]: policy for policy in cast("list[dict[str, Any]]", sampling["policies"])}
    assert list(policies) == ["errors", "truncated", "costly", "baseline"]
    assert policies["truncated"]["string_attribute"] == {"key": semconv.FINISH_REASON, "values": ["length"]}
    assert policies["costly"]["ottl_condition"]["span"] == [f'span.attributes["{semconv.COST_AMOUNT}"] >= 0.05']
    assert policies["baseline"]["probabilistic"] == {"sampling_percentage": 10}


@pytest.mark.parametrize("name", COLLECTORS)
def test_chunkmeters_own_names_are_real(name: str) -> None:
    said = set(re.findall(r'"(chunkmeter\.[\w.]+)"', (FOLDER / f"{name}.yaml").read_text()))
    assert said <= emitted()


def test_jobs_keep_no_attribute_that_is_not_a_label_in_prometheus() -> None:
    lines = statements(collector("collector.jobs")["processors"]["transform/runs"])
    kept = next(line for line in lines if line.startswith("keep_keys(resource.attributes,"))
    promoted = set(load(FOLDER / "prometheus" / "prometheus.yaml")["otlp"]["promote_resource_attributes"])
    assert set(re.findall(r'"([^"]+)"', kept)) <= promoted


def test_the_agent_keeps_a_trace_and_a_process_on_one_gateway() -> None:
    exporters = collector("collector.agent")["exporters"]
    assert exporters["load_balancing/traces"]["routing_key"] == "traceID"
    assert exporters["load_balancing/metrics"]["routing_key"] == "resource"
    assert {exporter["sending_queue"]["storage"] for exporter in exporters.values()} == {"file_storage/queue"}


def test_the_build_has_each_component_that_is_used_and_no_other() -> None:
    wanted = {
        MODULES[kind][component.split("/")[0]]
        for name in (*COLLECTORS, *OVER)
        for kind in MODULES
        for component in defined(collector(name), kind)
    }
    manifest = load(ROOT / "backends" / "collector.yaml")
    built = {
        module["gomod"].split()[0].rsplit("/", 1)[-1]
        for kind in (*MODULES, "connectors")
        for module in cast("list[dict[str, str]]", manifest.get(kind, []))
    }
    assert built == wanted
    assert {module.rsplit("/", 1)[-1] for kind in MODULES.values() for module in kind.values()} == built
