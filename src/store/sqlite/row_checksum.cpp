#include "store/sqlite/row_checksum.h"

#include <array>
#include <cstring>

namespace slipway::store {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reversed

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[byte] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

std::uint32_t by_table(const char* data, std::size_t size, std::uint32_t crc) {
  for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(data[i])) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const char* data, std::size_t size, std::uint32_t crc) {
  std::uint64_t wide = crc;
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; size > 0; --size, ++data) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*data));
  return narrow;
}
const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

std::uint32_t chain(std::uint64_t number, std::uint32_t before) {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  return crc32c({bytes.data(), bytes.size()}, before);
}

// splitmix64's finaliser: spreads neighbouring revisions over all bits.
std::uint64_t spread(Revision revision) {
  auto value = static_cast<std::uint64_t>(revision) + 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
  if (has_instruction) return ~by_instruction(bytes.data(), bytes.size(), ~before);
#endif
  return ~by_table(bytes.data(), bytes.size(), ~before);
}

std::uint32_t checksum_of(const StoredRow& row) {
  std::uint32_t crc = chain(static_cast<std::uint64_t>(row.created), 0);
  crc = chain(static_cast<std::uint64_t>(row.revision), crc);
  crc = chain(row.sealed_with, crc);
  crc = chain(row.key.size(), crc);
  return crc32c(row.value, crc32c(row.key, crc));
}

void StoreState::add(Revision value_revision) {
  ++objects;
  digest += spread(value_revision);
}

void StoreState::drop(Revision value_revision) {
  --objects;
  digest -= spread(value_revision);
}

std::uint32_t checksum_of(const StoreState& state) {
  return chain(state.digest,
               chain(static_cast<std::uint64_t>(state.objects), chain(static_cast<std::uint64_t>(state.revision), 0)));
}

}  // namespace slipway::store
