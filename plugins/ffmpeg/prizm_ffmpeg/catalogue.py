"""All models of the provider."""

from __future__ import annotations

from collections.abc import Mapping

from . import contact_sheet, convert_audio, extract_audio, frame, still_video, transcode
from .model import Model

MODELS: Mapping[str, Model] = {
    module.MODEL.id: module.MODEL
    for module in (extract_audio, frame, contact_sheet, transcode, convert_audio, still_video)
}
