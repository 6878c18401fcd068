"""Settings from the environment (prefix PROMOGRAPH_); no other module reads the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_KEY_LENGTH_MIN = 32
METRICS_TOKEN_LENGTH_MIN = 16
RoleName = Literal["PROMOTER", "OPERATOR", "RISK", "FINANCE", "SERVICE", "ADMIN"]
Policy = Literal["off", "known", "only"]
"""Of trusted documents. off: no ids; known: ids beside texts of any kind; only: promoters may send nothing but what is
trusted."""
REQUEST_COST_MAX = 20_000
"""A smaller budget than the dearest request that is allowed would let it wait for ever."""
PRODUCTION_BUDGETS: dict[RoleName, int] = {
    "PROMOTER": 120_000,
    "OPERATOR": 600_000,
    "RISK": 1_200_000,
    "FINANCE": 600_000,
    "SERVICE": 6_000_000,
    "ADMIN": 1_200_000,
}
"""Values a minute: of a promoter some three hundred team views."""


@contextmanager
def in_environment(name: str, value: str) -> Iterator[None]:
    """A variable of the environment of whatever processes begin meanwhile."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


class Settings(BaseSettings):
    """What a deployment may set; an unset server address means an embedded server under `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="PROMOGRAPH_", extra="ignore", frozen=True, hide_input_in_errors=True)

    neo4j_uri: str | None = None
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr | None = None
    neo4j_database: str = "neo4j"
    redis_url: SecretStr | None = None
    data_dir: Path = Path(".promograph")
    jar_cache_dir: Path = Path.home() / ".cache" / "promograph" / "jars"
    maven_repository: str | None = None
    secret_key: SecretStr | None = None
    pii_keys: SecretStr | None = None
    env: Literal["development", "production"] = "development"
    neo4j_heap: str = "512m"
    neo4j_page_cache: str = "256m"
    neo4j_transaction_memory: str = "192m"
    neo4j_jvm_options: str = ""
    """Further options for the embedded Neo4j's JVM, with spaces between them."""
    docker: Literal["auto", "never"] = "auto"
    statement_timeout_seconds: float = 30.0
    public_origin: str | None = None
    session_idle_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1_800
    session_seconds: Annotated[int, Field(ge=300, le=7 * 86_400)] = 12 * 3_600
    trusted_documents: Policy | None = None
    documents_dir: Path | None = None
    metrics_token: Annotated[SecretStr | None, Field(min_length=METRICS_TOKEN_LENGTH_MIN)] = None
    slow_statement_seconds: Annotated[float, Field(gt=0)] = 1.0
    otlp_endpoint: str | None = None
    trace_sample_ratio: Annotated[float, Field(ge=0, le=1)] = 0.01
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 0.0
    cost_budgets: dict[RoleName, Annotated[int, Field(ge=0)]] | None = None
    jobs_every_seconds: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    cdn_base_url: Annotated[str | None, Field(pattern=r"^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?$")] = None
    invite_url: Annotated[str | None, Field(pattern=r"^https?://[^\s\"'<>]*\{code\}[^\s\"'<>]*$")] = None
    wechat_mchid: str | None = None
    wechat_appid: str | None = None
    wechat_cert_serial: str | None = None
    wechat_private_key_file: Path | None = None
    wechat_apiv3_key: SecretStr | None = None
    wechat_public_key_id: str | None = None
    wechat_public_key_file: Path | None = None
    wechat_notify_url: str | None = None
    wechat_gateway: str = "https://api.mch.weixin.qq.com"
    wechat_timeout_seconds: float = 15.0
    wechat_scene_id: str = "1005"  # 佣金报酬, which wants these two sentences about what is paid for
    wechat_scene_report: dict[str, str] = {"岗位类型": "推广员", "报酬说明": "推广佣金"}

    @field_validator("cost_budgets")
    @classmethod
    def _takes_a_request(cls, given: dict[RoleName, int] | None) -> dict[RoleName, int] | None:
        small = {role: size for role, size in (given or {}).items() if 0 < size < REQUEST_COST_MAX}
        if small:
            raise ValueError(f"a budget is 0 (none) or at least {REQUEST_COST_MAX} values a minute, not {small}")
        return given

    @property
    def documents(self) -> Policy:
        """What promoters may send: as given, else in production trusted documents only."""
        return self.trusted_documents or ("only" if self.env == "production" else "known")

    @property
    def shows_metrics(self) -> bool:
        """Whether `/metrics` is there: to whoever has the token, without one to anybody, but not in production."""
        return self.metrics_token is not None or self.env != "production"

    @property
    def budgets(self) -> dict[RoleName, int]:
        """Values a minute by role, 0 for any number: those given, else in production those of PRODUCTION_BUDGETS."""
        usual = PRODUCTION_BUDGETS if self.env == "production" else {}
        return usual | (self.cost_budgets or {})
