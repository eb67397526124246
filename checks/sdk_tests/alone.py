"""Tests that want a library's own span to say nothing but what the library says, where chunkmeter adds its facts to it.

They pass bare, and can't pass with any other instrumentation on the span. Each name has what it wants.
"""

from __future__ import annotations

__all__ = ["ALONE", "wants_to_be_alone"]

_NO_MORE = "no facts of an answer that the application reads itself"
_OWN_COUNTS = "input without the tokens that were read from a cache, or summed up otherwise"
_NO_PARAMETER = "no parameter of the request that the SDK does not write, or not as long"
_EXACTLY = "exactly the attributes that the library gives it"
_NONE_BETWEEN = "no other span between the application's and the SDK's or the request's"
ALONE = {
    "anthropic": {
        "raw_response_ends_the_span_with_its_body": _NO_MORE,
        "raw_response_whose_events_the_application_reads_itself": _NO_MORE,
        "stream_ended_after_message_delta_has_what_message_delta_gave": _OWN_COUNTS,
        "streamed_compaction_tokens": _OWN_COUNTS,
        "sampling_fields_that_the_sdk_does_not_model_have_no_attribute": _NO_PARAMETER,
        "stop_sequences_alone_over_the_bound_are_removed_whole": _NO_PARAMETER,
        "stop_sequences_are_content": _NO_PARAMETER,
        "stop_sequences_are_measured_in_bytes": _NO_PARAMETER,
        "stop_sequences_over_the_bound_are_removed_before_the_parts": _NO_PARAMETER,
        "stop_reason_is_the_one_in_the_response": "no gen_ai.response.finish_reasons",
        "unary_attributes": _EXACTLY,
        "disabled_spans_call_nothing_of_opentelemetry": "no span at all",
        "false_keeps_a_span_that_the_sampler_dropped_current_for_the_requests": "no span but the SDK's dropped one",
    },
    "mirascope-2-ops": {
        "model_call_async_exports_genai_span": _EXACTLY,
        "model_call_exports_genai_span": _EXACTLY,
        "model_call_records_response_id": _EXACTLY,
        "model_call_with_audio_content": _EXACTLY,
        "model_call_with_base64_image": _EXACTLY,
        "model_call_with_image": _EXACTLY,
        "model_call_with_json_format": _EXACTLY,
        "model_call_with_message_name": _EXACTLY,
        "model_call_with_none_parameters": _EXACTLY,
        "model_call_with_parameters": _EXACTLY,
        "model_call_with_reasoning_model": _EXACTLY,
        "model_call_with_stop_string": _EXACTLY,
        "model_call_with_tool_outputs": _EXACTLY,
        "model_call_with_tools": _EXACTLY,
        "model_context_call_async_exports_genai_span": _EXACTLY,
        "model_context_call_exports_genai_span": _EXACTLY,
        "model_context_resume_async_exports_genai_span": _EXACTLY,
        "model_context_resume_exports_genai_span": _EXACTLY,
        "model_context_resume_stream_async_exports_genai_span": _EXACTLY,
        "model_context_resume_stream_exports_genai_span": _EXACTLY,
        "model_context_stream_async_exports_genai_span": _EXACTLY,
        "model_context_stream_exports_genai_span": _EXACTLY,
        "model_resume_async_exports_genai_span": _EXACTLY,
        "model_resume_exports_genai_span": _EXACTLY,
        "model_resume_stream_async_exports_genai_span": _EXACTLY,
        "model_resume_stream_exports_genai_span": _EXACTLY,
        "model_stream_async_exports_genai_span": _EXACTLY,
        "model_stream_records_response_id": _EXACTLY,
        "model_stream_with_json_format": _EXACTLY,
        "model_stream_with_none_parameters": _EXACTLY,
        "model_stream_with_tools": _EXACTLY,
    },
    "mistralai": {
        "app_otel_does_not_enable_mistral_span_without_mistral_telemetry": _NONE_BETWEEN,
        "concurrent_async_httpx_auto_instrumented_spans_are_genai_children": _NONE_BETWEEN,
        "get_telemetry_tracer_dedicated_provider_captures_app_spans": _NONE_BETWEEN,
        "httpx_auto_instrumented_span_is_child_of_genai_span": _NONE_BETWEEN,
        "httpx_send_error_ends_genai_span_and_restores_parent_context": _NONE_BETWEEN,
    },
}
"""A suite -> a test's function, without `test_` and `async_` -> what it wants."""


def wants_to_be_alone(suite: str, test: str) -> bool:
    """Whether a test, named as pytest does, is one of them."""
    function = test.rpartition("::")[2].partition("[")[0].removeprefix("test_").removeprefix("async_")
    return function in ALONE.get(suite, {})
