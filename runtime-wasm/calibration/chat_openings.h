// How the chats begin that a chat model is asked to write (calibration/self_text.h).
#pragma once

#include "calibration/full_model.h"

namespace tessera::calibration {

// Openings of chats between <|im_start|> and <|im_end|>, of which a model goes on with any:
// everyday questions that wait for an answer; the place of a question, which the model makes up
// itself (Xu et al., "Magpie", 2024, section 2); the token that begins messages alone. The system
// message that the chat template begins with comes first. Empty for models whose chats look
// otherwise.
Texts chat_openings(const ModelDescription& description, std::int64_t vocabulary_size);

}  // namespace tessera::calibration
