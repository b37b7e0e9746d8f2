"""Facts about the names of models: which of them choose a provider, as ``nous:hermes-4`` does."""

from __future__ import annotations

_PROVIDERS = """
aci actual actual-computer actualcomputer ai-gateway aigateway alibaba alibaba-cloud alibaba-cn
alibaba-coding-plan alibaba-coding-plan-cn alibaba-token-plan alibaba-token-plan-cn aliyun amazon amazon-bedrock
anthropic arcee arcee-ai arceeai aws aws-bedrock azure-foundry bedrock build-nvidia chatgpt chatgpt-codex claude
claude-code commandcode commandcode-anthropic copilot copilot-acp copilot-acp-agent custom dashscope deep-seek
deepinfra deepseek fireworks fireworks-ai fw gcp-vertex gemini github github-copilot github-copilot-acp
github-model github-models glm gmi gmi-cloud gmicloud go google google-ai-studio google-gemini google-vertex grok
grok-oauth hf hugging-face huggingface huggingface-hub kilo kilo-code kilo-gateway kilocode kimi kimi-cn
kimi-coding kimi-coding-cn lm-studio lm_studio lmstudio local meta-ai mimo minimax minimax-china minimax-cn
minimax-global minimax-oauth minimax-portal minimax_cn minimax_oauth moa moonshot moonshot-cn nebius nebius-tf
nebius-token-factory nebius-tokenfactory nemotron nim nous novita novita-ai novitaai nvidia nvidia-nim ollama
ollama-cloud ollama_cloud openai-api openai-codex opencode opencode-go opencode-go-sub opencode-zen openrouter
qwen qwen-oauth qwen-portal router solstice step stepfun stepfun-coding-plan tencent tencent-cloud tencent-lkeap
tencent-tokenhub tencent-tokenplan tencentmaas token-factory tokenfactory tokenhub tokenplan upstage vercel
vercel-ai-gateway vertex vertex-ai vertexai vllm x-ai x-ai-oauth x.ai xai xai-grok-oauth xai-oauth xiaomi
xiaomi-mimo z-ai z.ai zai zen zhipu
"""
PROVIDERS = frozenset(_PROVIDERS.split())
"""The names and nicknames of providers, in every generation: before a colon, they choose the provider."""
OWN = "custom"
"""Begins the names of providers that the settings describe: ``custom:mine:some-model``."""


def provider_in(model: object) -> str:
    """Return the provider that a model's name chooses, in lower case; empty if it chooses none.

    Args:
        model: The value of a setting, such as ``deepseek:deepseek-chat`` or ``some/model:free``.
    """
    if not isinstance(model, str):
        return ""
    name, colon, rest = (part.strip() for part in model.strip().lower().partition(":"))
    if not (colon and rest) or name not in PROVIDERS:
        return ""
    own, colon, _ = rest.rpartition(":")
    return f"{name}:{own}" if name == OWN and colon else name
