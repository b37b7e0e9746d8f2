"""The settings of ``config.yaml`` that are known to be harmless; every other setting needs approval.

Each section has one line. A plain name is one key, a dotted name is a nested key, and braces list several. ``*``
is one step, used only where users choose the names themselves. A test makes sure that the agent reads each key.
The table covers looks, language, prompts, names of models and voices, limits and times, and verbosity:
nothing that runs code, names a place to send to or read from, lets somebody in, removes a safeguard, or loses the
user's data. A number whose small values do one of these, such as a time limit after which a check is skipped, is in
``rows`` instead, as one that may only rise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

HARMLESS = """
_config_version
timezone model max_concurrent_sessions max_live_sessions max_turns file_read_max_chars reasoning_effort
context_file_max_chars context_file_read_timeout mcp_discovery_timeout mcp_single_query_discovery_timeout
paste_collapse_threshold paste_collapse_char_threshold paste_collapse_threshold_fallback
stt_echo_transcripts
agent: agent_cache.{idle_ttl_secs,max_evictions_per_pass,max_size,memory_high_mb,protect_recent} api_max_retries
agent: auto_recovery_cycles bot_mode_protocol budget_warning_ratio build_wait_timeout clarify_timeout coding_context
agent: coding_instructions cron_drain_timeout empty_response_guard.{cost_threshold_usd,enabled} environment_hint
agent: environment_probe execution_guidance fast_auto_seconds gateway_auto_continue_freshness gateway_notify_interval
agent: gateway_startup_restore_drain_timeout gateway_startup_warmup_timeout gateway_timeout gateway_timeout_warning
agent: gateway_turn_lease_timeout image_input_mode intent_ack_continuation local_stream_stale_timeout max_turns
agent: max_verify_nudges parallel_tool_call_guidance reasoning_echo reasoning_effort reasoning_overrides.*
agent: reconnect_attention_after restart_after_turn_timeout restart_drain_timeout run_budget_seconds
agent: sanitizer_heal_escalation_threshold service_tier session_stall_timeout stall_guards stream_drain_timeout
agent: system_prompt task_completion_guidance text_verbosity tool_use_enforcement turn_liveness.{poll_s,timeout_s}
agent: verbose verify_guidance verify_on_stop personalities.* personalities.*.{description,style,system_prompt,tone}
personalities: * *.{description,style,system_prompt,tone}
platform_hints: * *.{append,replace}
auxiliary: {background_review,compression,curator,goal_judge,kanban_decomposer,mcp}.{model,timeout,reasoning_effort}
auxiliary: {monitor,profile_describer,title_generation,triage_specifier}.{model,timeout,reasoning_effort}
auxiliary: {tts_audio_tags,vision,voice_chat,web_extract}.{model,timeout,reasoning_effort}
auxiliary: {memory_query_rewrite,moa_aggregator,moa_reference}.{model,timeout} review.model
auxiliary: background_review.enabled compression.no_progress_timeout compression.context_length free_only
auxiliary: openrouter_model title_generation.{enabled,language,model_upgrade_enabled,prefer_fast_model}
auxiliary: transient_retries vision.{download_timeout,max_concurrency,temperature}
bedrock: discovery.{enabled,provider_filter,refresh_interval}
bot_desktop: geometry idle_stop_minutes min_free_memory_mb
bot_mode: envelope_ttl_seconds turn_wait_seconds
browser: command_timeout dialog_timeout_s headed inactivity_timeout snapshot_threshold
code_execution: kernel_idle_timeout max_session_kernels timeout max_tool_calls
compression: abort_on_summary_failure codex_app_server_auto codex_gpt55_autoraise codex_gpt55_autoraise_notice
compression: codex_responses_compact_threshold codex_responses_native context_timeout_seconds
compression: context_total_ceiling_seconds enabled hygiene_failure_cooldown_seconds hygiene_hard_message_limit
compression: hygiene_max_turn_hold_seconds hygiene_timeout_seconds hygiene_total_ceiling_seconds
compression: idle_compact_after_seconds in_place max_attempts micro_compact micro_compact_defrag_threshold_tokens
compression: micro_compact_every_n_turns min_tail_user_messages model_thresholds.* proactive_prune_min_reclaim_tokens
compression: proactive_prune_min_result_chars proactive_prune_tokens progress_notices protect_first_n protect_last_n
compression: summary_model tail_mode target_ratio threshold threshold_tokens
computer_use: ax_max_elements capture_after_mode max_image_dimension native_wayland
context: memory_trim.{cooldown_seconds,enabled,info_log_min_delta_mb,log_every_n}
credential_pool_strategies: *
cron: catch_up_missed delivery.notify failure_repeat_alert_hours max_parallel_jobs media_send_timeout_seconds
cron: mirror_delivery model preflight script_timeout_seconds session_db_timeout_seconds wrap_response
curator: interval_hours min_idle_hours
custom_providers: *.{name,model,default_model,context_length,rate_limit_delay} *.models.*.context_length
dashboard: basic_auth.session_ttl_seconds compute_host_heartbeat_secs compute_host_respawn_max font hidden_plugins
dashboard: kanban.{default_tenant,include_archived_by_default,lane_by_profile,render_markdown} show_token_analytics
dashboard: startup_orphan_sweep theme ws_orphan_activity_stale_s ws_orphan_reap_grace_s ws_ping_interval ws_ping_timeout
database: journal_size_limit wal_autocheckpoint
delegation: child_timeout_seconds compression_threshold_tokens independent_completions max_concurrent_children
delegation: max_iterations max_spawn_depth max_summary_chars model oneshot_max_children orchestrator_enabled
delegation: reasoning_effort surface_child_process_notifications
desktop: auto_continue.{enabled,freshness_minutes,max_attempts} disable_gpu font_family ozone_platform_hint
desktop: renderer_accessibility renderer_max_old_space_mb
discord: auto_thread channel_prompts.* history_backfill_limit max_attachment_bytes
discord: missed_message_backfill.{limit,max_attempts,max_dispatches,window_seconds} reactions
discord: voice_channel_inactivity_timeout_seconds voice_playback_timeout_seconds
discord: voice_fx.{ack_enabled,ack_phrases,ambient_enabled,ambient_gain,duck_gain,enabled,speech_gain}
discord: websocket_event_max_silence_seconds websocket_heartbeat_ack_max_age_seconds websocket_max_latency_seconds
discord: websocket_liveness_failure_threshold websocket_liveness_interval_seconds
display: background_process_notifications battery bell_on_complete bell_on_prompt busy_ack_enabled busy_input_mode
display: cleanup_progress
display: busy_steer_ack_enabled busy_text_mode cli_multiline_shortcuts cli_rebuild_scrollback_on_redraw
display: cli_refresh_interval compact copy_shortcut credits_notices details_mode ephemeral_system_ttl
display: file_mutation_verifier final_response_markdown focus_saved_tool_progress focus_view friendly_tool_labels
display: inline_diffs interface interim_assistant_messages language memory_notifications mouse_tracking
display: persist_prompts persistent_output persistent_output_max_lines personality
display: pet.{enabled,render_mode,scale,slug,unicode_cols} reasoning_full reasoning_style resume_display
display: resume_exchanges resume_last_session resume_max_assistant_chars resume_max_assistant_lines
display: resume_max_user_chars resume_skip_tool_only runtime_footer.{enabled,fields} sections.thinking show_commentary
display: show_cost show_reasoning spinner_token_flow status_bar.fields streaming suppress_warning_notifications
display: thinking_mode timestamp_format timestamps tool_preview_length tool_progress tool_progress_command
display: tool_progress_grouping tool_progress_overrides.* tui_agents_nudge tui_auto_resume_recent tui_compact tui_mouse
display: tui_native tui_status_indicator tui_statusbar turn_completion_explainer turn_summary
display: user_message_preview.{first_lines,last_lines} vim_mode
display: platforms.*.{cleanup_progress,show_reasoning,streaming,tool_preview_length,tool_progress}
display: platforms.telegram.notifications
doctor: live_probe_timeout
fallback: min_switch_reset_seconds
fallback_model: model
fallback_providers: *.model
gateway: api_server.{history_tool_output_max_chars,max_concurrent_runs} delivery_ledger
gateway: loop_watchdog loop_watchdog_max_strikes loop_watchdog_probe_interval_s loop_watchdog_probe_timeout_s
gateway: max_concurrent_sessions max_inbound_media_bytes max_live_sessions message_timestamps.enabled
gateway: platform_connect_timeout respawn_storm.{max_starts,window_seconds}
gateway: restart_loop_guard.{max_gap_seconds,max_restarts,window_seconds} scale_to_zero.idle_timeout_minutes
gateway: signal_interrupt_grace_timeout startup_watchdog startup_watchdog_timeout_seconds stt_echo_transcripts
goals: max_turns
hooks: output_spill.{enabled,max_chars,preview_head,preview_tail}
human_delay: max_ms min_ms mode
image_gen: model
kanban: auto_decompose_per_tick auto_subscribe_on_create dispatch_interval_seconds dispatch_stale_timeout_seconds
kanban: done_sub_retention_days failure_limit max_in_progress max_in_progress_per_profile notify_in_gateway
kanban: worker_log_backup_count worker_log_rotate_bytes
local_runtime: models_max
logging: backup_count level max_size_mb
loops: max_ticks min_interval_seconds self_paced_ceiling_seconds self_paced_floor_seconds
lsp: broken_retry_seconds exclude_roots idle_timeout servers.*.disabled wait_mode wait_timeout warmup_timeout
mattermost: channel_prompts.*
mcp: discovery_concurrency
mcp_servers: *.{timeout,connect_timeout,supports_parallel_tool_calls}
memory: memory_char_limit memory_enabled nudge_interval user_char_limit user_profile_enabled
moa: active_preset default_preset presets.*.{aggregator.model,enabled,max_tokens,reference_models.*.model}
model: context_length default max_tokens model name ollama_num_ctx reasoning_echo stale_timeout_seconds
model: supports_vision timeout_seconds
model_catalog: enabled excluded_providers ttl_hours ttl_minutes
network: force_ipv4
nous: keepalive_interval_seconds
onboarding: seen.*
openrouter: min_coding_score response_cache response_cache_ttl
platforms: telegram.extra.{disable_link_previews,rich_messages} api_server.extra.tool_progress_events
platforms: discord.extra.{history_backfill_limit,max_attachment_bytes,slash_commands}
platforms: feishu.extra.{ws_ping_interval,ws_ping_timeout,ws_reconnect_interval,ws_reconnect_nonce}
platforms: homeassistant.extra.cooldown_seconds mattermost.extra.reply_mode ntfy.extra.markdown
platforms: qqbot.extra.markdown_support signal.extra.ignore_stories wecom.extra.stream_keepalive_enabled
platforms: slack.extra.{assistant_thread_titles,feedback_buttons,reply_broadcast,reply_in_thread,rich_blocks}
platforms: slack.extra.{suggested_prompts.prompts.*.message,suggested_prompts.prompts.*.title,suggested_prompts.title}
platforms: telegram.extra.{status_indicator,status_offline,status_online}
platforms: weixin.extra.{rate_limit_circuit_open_seconds,rate_limit_circuit_threshold,send_chunk_retries}
platforms: weixin.extra.{rate_limit_circuit_window_seconds,send_chunk_delay_seconds,send_chunk_retry_delay_seconds}
platforms: weixin.extra.split_multiline_messages {whatsapp,whatsapp_cloud}.extra.reply_prefix
plugins: auto_update_check_hours clone_timeout_seconds
prompt_caching: cache_ttl
providers: *.{name,model,default_model,context_length,rate_limit_delay} *.models.*.context_length
providers: *.{max_output_tokens,max_tokens,request_timeout_seconds,stale_timeout_seconds}
runtime: nofile_soft_limit
session: terminal_continue
session_reset: at_hour idle_minutes mode
sessions: cjk_fts fts_optimize_notice max_export_messages max_resume_messages min_interval_hours
sessions: min_vacuum_interval_days search_slow_ms show_subagents vacuum_after_prune
skills: auto_load creation_nudge_interval inline_shell_timeout ledger ledger_max_bytes template_vars
skills: disabled platform_disabled.*
slack: channel_prompts.*
streaming: buffer_threshold cursor edit_interval enabled fresh_final_after_seconds transport
stt: cloud_trim_keep_ms cloud_trim_silence cloud_trim_threshold_db deepinfra.model echo_transcripts
stt: elevenlabs.{diarize,language_code,model_id,tag_audio_events} enabled groq.{language,model} language
stt: local.{compute_type,device,initial_prompt,language,model,logprob_threshold,no_speech_prob_threshold}
stt: local.{unload_after_idle_seconds,vad,vad_min_silence_ms} mistral.{language,model} model prompt streaming
stt: openai.{language,max_retries,model,streaming_model,timeout} xai.{diarize,format,language,model}
telegram: channel_prompts.* extra.{allow_cjk_rich_messages,rich_drafts,rich_messages} reactions
terminal: container_cpu container_disk container_memory daemon_term_grace_seconds font_family
terminal: lifetime_seconds modal_mode oneshot_completion_wait_seconds persistent_shell sync_back_max_bytes
terminal: docker_shm_size timeout
tool_loop_guardrails: {hard_stop_after,warn_after}.{exact_failure,idempotent_no_progress,same_tool_failure}
tool_loop_guardrails: loop_caps.{max_subagents,max_web_searches} warnings_enabled
tool_output: max_bytes max_line_length max_lines
tools: tool_search.{defer,enabled,listing,listing_max_tokens,max_search_limit,search_default_limit,threshold_pct}
tts: deepinfra.{model,speed,voice} edge.{speed,voice} elevenlabs.{model_id,streaming_model_id,voice_id}
tts: gemini.{audio_tags,model,voice} keep_warm_seconds kittentts.{clean_text,model,speed,voice}
tts: minimax.{bitrate,emotion,model,pitch,sample_rate,speed,voice_id,vol} mistral.{model,voice_id}
tts: neutts.{device,model} openai.{model,pcm_sample_rate,speed,voice} speed streaming.min_len
tts: piper.{length_scale,noise_scale,noise_w_scale,normalize_audio,speaker_id,use_cuda,voice,volume}
tts: xai.{auto_speech_tags,bit_rate,language,optimize_streaming_latency,sample_rate,speed,voice_id} voice
updates: check
vision: embed_target_bytes max_calls_per_image
voice: auto_tts barge_in barge_in_grace_seconds barge_in_threshold_multiplier beep_enabled beep_volume
voice: gpt_live.{instructions,model,voice} max_recording_seconds record_key silence_duration silence_threshold
voice: stop_phrases submit_mode thinking_sound voice_chat_mode
wake_word: capture confirmation_frames input_device openwakeword.model phrase porcupine.keyword provider sensitivity
wake_word: start_new_session surface
web: cache_enabled cache_ttl_minutes extract_char_limit extract_timeout timeout
x_search: model reasoning_effort retries timeout_seconds
"""

PROVIDERS = """
model: provider
auxiliary: {background_review,compression,curator,goal_judge,kanban_decomposer,mcp}.provider
auxiliary: {monitor,profile_describer,title_generation,triage_specifier}.provider
auxiliary: {tts_audio_tags,vision,voice_chat,web_extract}.provider
auxiliary: {memory_query_rewrite,moa_aggregator,moa_reference,review}.provider
compression: summary_provider
cron: model_provider
delegation: provider
fallback_model: provider
fallback_providers: *.provider
image_gen: provider
moa: presets.*.{aggregator.provider,reference_models.*.provider}
web: backend extract_backend search_backend
"""
"""Keys whose value names a provider: harmless if the machine uses that provider already."""


def patterns(table: str) -> tuple[str, ...]:
    """Return the dotted patterns of a table, with braces expanded."""
    return tuple(found for first in first_steps(table) for found in patterns_below(table, first))


def first_steps(table: str) -> tuple[str, ...]:
    """Return the steps that patterns of a table begin with."""
    return tuple(_by_first_step(table))


def patterns_below(table: str, first: str) -> Iterator[str]:
    """Yield the patterns of a table that begin with one step, with braces expanded.

    One table has a thousand patterns, and most homes have settings in few of its sections.
    """
    for section, names in _by_first_step(table).get(first, ()):
        for name in names.split():
            yield from _written_out(f"{section}.{name}" if section else name)


@cache
def _by_first_step(table: str) -> Mapping[str, list[tuple[str, str]]]:
    """The lines of a table by the first step of their patterns, each as a section and its names."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in table.strip().splitlines():
        section, colon, names = line.rpartition(": ")
        if colon:
            found.setdefault(section.partition(".")[0], []).append((section, names))
            continue
        for name in names.split():
            # A mark behind a name, as in the tables of switches, is no part of it.
            first = name.partition("=")[0].partition(".")[0]
            found.setdefault(first, []).append(("", name))
    return found


def _written_out(name: str) -> Iterator[str]:
    before, brace, rest = name.partition("{")
    if not brace:
        yield name
        return
    choices, _, after = rest.partition("}")
    for choice in choices.split(","):
        yield from _written_out(f"{before}{choice}{after}")
