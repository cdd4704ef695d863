#pragma once

#include <string>
#include <string_view>

namespace slipway::agent {

// Keeps the last `limit` bytes of an output that may be endless.
class OutputTail {
 public:
  explicit OutputTail(std::size_t limit) : limit_(limit) {}
  void add(std::string_view text) {
    if (text.size() >= limit_) {
      text_.assign(text.substr(text.size() - limit_));
      return;
    }
    text_.append(text);
    if (text_.size() > 2 * limit_) text_.erase(0, text_.size() - limit_);
  }
  std::string text() const { return text_.size() <= limit_ ? text_ : text_.substr(text_.size() - limit_); }
  void clear() { text_.clear(); }

 private:
  std::size_t limit_;
  std::string text_;
};

}  // namespace slipway::agent
