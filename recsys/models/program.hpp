// A model as text: what the author of a method writes, and what recsys adds to it for given inputs. Nothing
// here knows where a program comes from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/features/inputs.hpp"

namespace automodel::recsys {

/// A tensor of a model. `init`, its first values:
///   zeros, ones, constant(X)
///   normal(S)  mean 0, deviation S
///   xavier     normal, variance 2 / (in + out) (Glorot & Bengio 2010): `in` is the last dimension and `out`
///              the one before it; those before are a stack. A vector is a matrix [1, in]
///   kaiming    normal, variance 2 / in (He et al. 2015)
struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string init;
  /// A look-up's table: the rows of missing values (code 0) begin as zeros. Not for a program's own
  /// parameters.
  bool by_value = false;
  bool int8 = false;  // quantised: not trained
  /// With by_value, of a table over users or items: only its first row begins as zeros.
  bool by_id = false;

  bool operator==(const TensorSpec&) const = default;
};

/// A symbol whose value belongs to the values of fields: an embedding, a linear weight. The script calls
/// `self.NAME(singles, bags, dense)` and gets [batch, fields, shape…], fields in the order singles, bags,
/// denses: a single value's row of the table, the mean of a bag's rows (zeros for an empty bag), a dense
/// field's own row times its value. Its tensors are NAME_table [table_rows, w] and NAME_dense [denses, w],
/// where w is the product of `shape` (1 for a scalar); each only where the inputs have such fields.
///
/// With users or items for `fields`, a symbol with a value for each of them: the script calls
/// `self.NAME(ids)` with int64 rows of the vocabulary, of any shape, and gets [that shape…, shape…]. Its
/// tensor is NAME_table [rows of the vocabulary, w], of which row 0 (unknown, padding) begins as zeros.
struct LookUp {
  std::string name;
  std::vector<std::int64_t> shape;  // of one row; empty: a scalar
  std::string init;                 // of both tables, as in TensorSpec
  enum Fields : std::uint8_t { all, categorical, users, items } fields = all;  // categorical: no denses
  bool int8 = false;  // NAME_table is int8, and NAME_scale [table_rows, 1] has one factor a row

  bool of_ids() const { return fields == users || fields == items; }
  std::int64_t width() const;  // w; 0 where the shape makes no sense
  bool operator==(const LookUp&) const = default;
};

/// Noise that the trainer draws for every batch, called `self.NAME` [batch, width]: a mask of 0 and
/// 1 / (1 - rate), or numbers of the standard normal distribution.
struct NoiseSpec {
  std::string name;
  std::int64_t width = 0;
  double rate = 0;  // of a mask: from 0 to 0.95
  enum Kind : std::uint8_t { mask, normal } kind = mask;

  bool operator==(const NoiseSpec&) const = default;
};

/// What training minimises, for logits z of a row's candidates: candidate 0 is the row's own item.
///   logloss, mse  of every candidate and its label, in their mean: the row's for its own item (without
///                 negatives), else 1 for it and 0 for the sampled ones. mse is of z itself
///   bpr           the mean over negatives j of -ln sigmoid(z_0 - z_j) (Rendle et al., UAI 2009)
///   softmax       -ln softmax(z)_0 over the row's item and the sampled ones, or over all items
/// In the mean over rows; of positive rows only where a program ranks.
enum class Loss : std::uint8_t { logloss, bpr, softmax, mse };

/// What a method's author writes. `script` is TorchScript that defines
///   forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor
/// singles [B, S] int64; bags [B, M, L] int64, -1 is padding; dense [B, D]; the logits [B]. It reads its
/// parameters as `self.NAME`, of any shape, and its noise only where `noise` is true. S, M and D
/// may each be 0, and tables have the real type of `dense`, which is double in a check of gradients. Its
/// operations are those of recsys/models/operations.cpp: arithmetic that changes nothing. Any other is
/// refused.
///
/// Where `sources` are more than fields it defines
///   forward(self, singles: Tensor, bags: Tensor, dense: Tensor, users: Tensor, items: Tensor,
///           history: Tensor, ages: Tensor, noise: bool) -> Tensor
/// users [B] int64; items [B, C] or, the same for all rows, [1, C] int64; history [B, T] int64, latest last,
/// 0 pads at the front; ages [B, T] in days, real; the logits [B, C]. All are rows of the vocabularies. Of
/// what it does not ask for: users are zeros, the others have no columns. A mask of noise is [B, width]
/// however many candidates there are. Where it looks at the graph, self.graph_users and self.graph_items
/// [edges] are rows of the vocabularies, and self.all_users and self.all_items all of these rows.
struct Program {
  std::string script;
  std::vector<LookUp> look_ups = {};
  std::vector<TensorSpec> parameters = {};  // besides the tables of look_ups
  std::vector<NoiseSpec> noise = {};
  /// The script also defines penalty(self) -> Tensor, a scalar that training adds to the mean loss.
  bool penalised = false;
  Sources sources = {};
  Loss loss = Loss::logloss;
  std::uint32_t negatives = 0;  // sampled a positive row. With softmax, 0: all items are candidates
  /// forward gives Tuple[Tensor, Tensor]: the logits, and [B], what training adds to the loss of each row.
  bool adds_to_loss = false;

  /// Compares candidates of one row, which the row's fields would give away: it has to do without them
  /// (sources.fields false), and to look at items.
  bool ranks() const { return loss == Loss::bpr || loss == Loss::softmax || negatives > 0; }
  std::string to_json() const;
  /// Errors: models.bad_program.
  static Result<Program> from_json(std::string_view text);
  bool operator==(const Program&) const = default;
};

/// Numbers in a tensor; 0 where a dimension is not positive or there are more than 2^40.
std::uint64_t count_of(const std::vector<std::int64_t>& shape);

/// A loss by its name: logloss, bpr, softmax, mse.
std::string_view loss_name(Loss loss);
std::optional<Loss> loss_of(std::string_view name);

/// A program made complete for some inputs.
struct Assembled {
  Graph graph;                        // where the program looks at it
  std::int64_t users = 0, items = 0;  // then: rows of the vocabularies
  std::string look_ups;             // TorchScript of the look-ups' methods; to be compiled before the script
  std::string look_ups_of_ids;      // the part of it that is of look-ups over users or items
  std::vector<TensorSpec> tensors;  // all of the model's: the look-ups' first, then the parameters
  std::uint64_t values() const;     // numbers in all tensors: the exact parameter count
};
/// Errors: models.no_inputs; models.bad_program (a name twice or no identifier, a shape that is not positive,
/// an unknown init, sources that contradict loss or inputs …), with the name of the culprit.
Result<Assembled> assemble(const Program& program, const InputSpec& inputs);

}  // namespace automodel::recsys
