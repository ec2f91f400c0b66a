#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace catflap::bgp::rib {

/// Memory for many small things of different sizes, without an allocator's 8 to 24 octets for each. What is
/// given back serves things of the same size again; all of it is freed when nothing is left. One thread.
class PieceArena {
 public:
  PieceArena() = default;
  PieceArena(const PieceArena&) = delete;
  PieceArena& operator=(const PieceArena&) = delete;

  /// Aligned to 8.
  void* take(std::size_t octets) {
    if (octets > kMost) {
      return ::operator new(octets);
    }
    const std::size_t steps = steps_of(octets);
    ++live_;
    if (Piece* const piece = free_[steps]) {
      free_[steps] = piece->next;
      return piece;
    }
    if (left_ < steps * kStep) {
      add_chunk();
    }
    void* const piece = at_;
    at_ += steps * kStep;
    left_ -= steps * kStep;
    return piece;
  }
  /// `octets` as they were asked for.
  void give_back(void* memory, std::size_t octets) noexcept {
    if (octets > kMost) {
      ::operator delete(memory);
      return;
    }
    if (--live_ == 0) {
      chunks_.clear();
      chunks_.shrink_to_fit();
      free_ = {};
      left_ = 0;
      return;
    }
    keep(memory, steps_of(octets));
  }

 private:
  struct Piece {
    Piece* next = nullptr;
  };
  static constexpr std::size_t kStep = 8;
  static constexpr std::size_t kMost = 512;
  static constexpr std::size_t kFirstChunk = 4096, kChunk = 64 * 1024;

  static std::size_t steps_of(std::size_t octets) {
    return std::max<std::size_t>(1, (octets + kStep - 1) / kStep);
  }
  void keep(void* memory, std::size_t steps) noexcept {
    auto* const piece = new (memory) Piece();
    piece->next = free_[steps];
    free_[steps] = piece;
  }
  void add_chunk() {
    const std::size_t size = chunks_.empty() ? kFirstChunk : kChunk;
    chunks_.emplace_back(new std::byte[size]);
    if (left_ >= kStep) {
      keep(at_, left_ / kStep);
    }
    at_ = chunks_.back().get();
    left_ = size;
  }

  std::array<Piece*, kMost / kStep + 1> free_{};  ///< by size
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* at_ = nullptr;  ///< what was never taken, in the last chunk
  std::size_t left_ = 0;
  std::size_t live_ = 0;
};

}  // namespace catflap::bgp::rib
