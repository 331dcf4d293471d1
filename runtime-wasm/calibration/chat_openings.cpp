#include "calibration/chat_openings.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "tokenizer/tokenizer.h"

namespace tessera::calibration {
namespace {

constexpr std::string_view kStart = "<|im_start|>", kEnd = "<|im_end|>";

constexpr std::string_view kQuestions[] = {
    "How do plants make their food?",
    "Write a short poem about the sea.",
    "What is the difference between a crocodile and an alligator?",
    "Explain how a bicycle stays upright.",
    "Can you help me write an email to my landlord about a broken heater?",
    "What should I cook tonight with rice, eggs and carrots?",
    "Who wrote Romeo and Juliet?",
    "Translate \"good morning\" into Spanish and German.",
    "What is 12 times 15?",
    "Tell me a story about a fox who wanted to fly.",
    "How does a refrigerator work?",
    "List five countries in South America.",
    "Why do leaves change their colour in autumn?",
    "What are the advantages and disadvantages of working from home?",
    "Write a Python function that returns the largest number in a list.",
    "How can I fall asleep more easily?",
    "What was the Industrial Revolution?",
    "Summarize the story of Cinderella in three sentences.",
    "How far away is the Moon?",
    "Give me some ideas for a birthday party.",
    "What does a software engineer do?",
    "My plant has yellow leaves. What could be wrong?",
    "Explain photosynthesis to a ten-year-old.",
    "Which planet is the largest in our solar system?",
    "How do I learn to play the guitar?",
    "Correct the grammar of this sentence: She don't likes apples.",
    "What is the meaning of the word \"serendipity\"?",
    "Why is it important to save money?",
    "Describe what a day at the beach is like.",
    "How many days are there in a leap year?",
    "What causes earthquakes?",
    "Suggest a good name for a small grey cat.",
    "What is machine learning?",
    "How do I remove a coffee stain from a shirt?",
    "Write a polite message to decline an invitation.",
    "What languages are spoken in Switzerland?",
    "Is it better to run in the morning or in the evening?",
    "Who was Marie Curie?",
    "Hello! How are you today?",
    "Compare cats and dogs as pets.",
};

// What the template says before the first message of a user.
std::string system_message(std::string_view chat_template) {
  const std::string begin = std::string(kStart) + "system\n";
  const std::size_t first = chat_template.find(begin);
  if (first == std::string_view::npos) return "";
  const std::size_t last = chat_template.find(kEnd, first);
  if (last == std::string_view::npos) return "";
  const std::string_view message = chat_template.substr(first, last + kEnd.size() - first);
  // Not one that the template puts together.
  if (message.find_first_of("{}'\\") != std::string_view::npos) return "";
  return std::string(message) + "\n";
}

}  // namespace

Texts chat_openings(const ModelDescription& description, std::int64_t vocabulary_size) {
  if (!description.tokenizer_json || !description.chat_template ||
      description.chat_template->find(kStart) == std::string::npos) {
    return {};
  }
  const auto tokenizer = Tokenizer::from_json(*description.tokenizer_json);
  if (!tokenizer || !(*tokenizer)->token_to_id(kStart) || !(*tokenizer)->token_to_id(kEnd)) {
    return {};
  }
  const std::string user =
      system_message(*description.chat_template) + std::string(kStart) + "user\n";
  std::vector<std::string> openings;
  for (std::size_t i = 0; i < std::size(kQuestions); ++i) {
    openings.push_back(user + std::string(kQuestions[i]) + std::string(kEnd) + "\n" +
                       std::string(kStart) + "assistant\n");
    if (i % 2 == 1) openings.push_back(i % 4 == 1 ? user : std::string(kStart));
  }
  Texts texts;
  for (const std::string& opening : openings) {
    auto ids = (*tokenizer)->encode(opening, EncodeOptions{.parse_special_tokens = true});
    if (!ids || std::ranges::any_of(*ids, [&](std::int32_t id) { return id >= vocabulary_size; })) {
      return {};
    }
    texts.push_back(std::move(*ids));
  }
  return texts;
}

}  // namespace tessera::calibration
