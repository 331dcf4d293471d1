#include "backends/webgpu/shader_library.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tessera::webgpu {
namespace {

const ShaderSource* find_source(std::string_view path) {
  for (const ShaderSource& source : shader_sources()) {
    if (source.path == path) return &source;
  }
  return nullptr;
}

std::string with_choices(std::string_view path, const Kernel& kernel) {
  std::string chosen(path);
  for (const auto& [name, value] : kernel.choices) {
    const std::string placeholder = "{" + std::string(name) + "}";
    const std::size_t at = chosen.find(placeholder);
    if (at != std::string::npos) chosen.replace(at, placeholder.size(), value);
  }
  return chosen;
}

class Composition {
 public:
  explicit Composition(const Kernel& kernel) : kernel_(kernel) {}

  Result<void> add(const std::string& path) {
    if (std::ranges::find(included_, path) != included_.end()) return {};
    included_.push_back(path);
    const ShaderSource* source = find_source(path);
    if (source == nullptr) {
      return Error{ErrorCode::kInternal,
                   "kernel " + std::string(kernel_.name) + " needs a missing shader, " + path};
    }
    for (std::string_view rest = source->text; !rest.empty();) {
      const std::size_t end = rest.find('\n') + 1;
      TESSERA_TRY_VOID(add_line(rest.substr(0, end)));
      rest.remove_prefix(end);
    }
    return {};
  }

  std::string text() const { return directives_ + body_; }

 private:
  Result<void> add_line(std::string_view line) {
    constexpr std::string_view kInclude = "#include \"";
    if (line.starts_with(kInclude)) {
      const std::string_view path = line.substr(kInclude.size());
      return add(with_choices(path.substr(0, path.find('"')), kernel_));
    }
    if (!line.starts_with("enable ")) {
      body_ += line;
    } else if (directives_.find(line) == std::string::npos) {
      directives_ += line;
    }
    return {};
  }

  const Kernel& kernel_;
  std::vector<std::string> included_;
  std::string directives_;
  std::string body_;
};

}  // namespace

Result<std::string> compose(const Kernel& kernel) {
  Composition composition(kernel);
  TESSERA_TRY_VOID(composition.add("ops/" + std::string(kernel.name) + ".wgsl"));
  return composition.text();
}

}  // namespace tessera::webgpu
