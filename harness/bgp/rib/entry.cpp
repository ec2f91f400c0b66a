#include <new>
#include <utility>

#include "bgp/rib/table.hpp"

namespace catflap::bgp::rib {
namespace {

/// Room for a few more than asked for, so that a path is not moved each time one comes.
std::size_t room_for(std::size_t paths) {
  return paths < 8 ? (paths + 1) / 2 * 2 : (paths + 3) / 4 * 4;
}

}  // namespace

Entry::Block* Entry::Block::make(std::size_t capacity) {
  static_assert(sizeof(Block) % alignof(Path) == 0);
  void* const place = ::operator new(sizeof(Block) + capacity * sizeof(Path));
  auto* const block = new (place) Block();
  block->capacity = static_cast<std::uint32_t>(capacity);
  return block;
}

void Entry::Block::destroy(Block* block) {
  for (std::uint32_t i = 0; i < block->count; ++i) {
    block->paths()[i].~Path();
  }
  block->~Block();
  ::operator delete(block);
}

Entry::~Entry() {
  if ((flags_ & kMany) != 0) {
    Block::destroy(block_);
  } else if ((flags_ & kOne) != 0) {
    one_.~Path();
  }
}

const Path* Entry::find(ProtocolId protocol, PathId path_id) const {
  for (const Path& path : paths()) {
    if (path.protocol == protocol && path.path_id == path_id) {
      return &path;
    }
  }
  return nullptr;
}

void Entry::set_best_index(std::size_t index) {
  if ((flags_ & kMany) != 0) {
    block_->best = index == kNone ? 0xFFFFFFFF : static_cast<std::uint32_t>(index);
  } else {
    set(kOneIsBest, index == 0);
  }
}

/// Moves all paths there.
void Entry::move_to(Block* block) {
  const std::span<Path> from = mutable_paths();
  block->best = best_index() == kNone ? 0xFFFFFFFF : static_cast<std::uint32_t>(best_index());
  for (Path& path : from) {
    new (block->paths() + block->count++) Path(std::move(path));
  }
  if ((flags_ & kMany) != 0) {
    Block::destroy(block_);
  } else if ((flags_ & kOne) != 0) {
    one_.~Path();
  }
  set(kOne, false);
  set(kOneIsBest, false);
  set(kMany, true);
  block_ = block;
}

void Entry::insert(std::size_t index, Path path) {
  if (!has_paths()) {
    new (&one_) Path(std::move(path));
    set(kOne, true);
    set(kOneIsBest, false);
    return;
  }
  const std::size_t count = paths().size();
  if ((flags_ & kMany) == 0 || block_->count == block_->capacity) {
    move_to(Block::make(room_for(count + 1)));
  }
  Path* const at = block_->paths();
  new (at + count) Path(std::move(path));
  ++block_->count;
  for (std::size_t i = count; i > index; --i) {
    std::swap(at[i], at[i - 1]);
  }
  if (block_->best != 0xFFFFFFFF && index <= block_->best) {
    ++block_->best;
  }
}

void Entry::erase(std::size_t index) {
  if ((flags_ & kMany) == 0) {
    one_.~Path();
    set(kOne, false);
    set(kOneIsBest, false);
    block_ = nullptr;
    return;
  }
  Path* const at = block_->paths();
  for (std::size_t i = index; i + 1 < block_->count; ++i) {
    std::swap(at[i], at[i + 1]);
  }
  --block_->count;
  at[block_->count].~Path();
  if (block_->best != 0xFFFFFFFF && index <= block_->best) {
    block_->best = index == block_->best ? 0xFFFFFFFF : block_->best - 1;
  }
  if (block_->count == 1) {
    Block* const old = block_;
    const bool best = old->best == 0;
    new (&one_) Path(std::move(*old->paths()));
    set(kMany, false);
    set(kOne, true);
    set(kOneIsBest, best);
    Block::destroy(old);
  } else if (room_for(block_->count) * 2 <= block_->capacity) {
    move_to(Block::make(room_for(block_->count)));
  }
}

}  // namespace catflap::bgp::rib
