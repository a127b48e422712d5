"""mbert: from a text corpus and a labelled task to a quantized TFLite model on a phone.

Looking for                                    open
the verbs                                      mbert_cli/cli.py
the verbs that look at what is there           mbert_cli/overview_cli.py
the verbs that make and time phone artifacts   mbert_cli/phone_cli.py
from a command line to the page of a verb      mbert_cli/starting.py
their flags                                    mbert_cli/flags.py
flags of a training on several hosts           mbert_cli/host_flags.py
whole numbers after flags                      mbert_cli/whole_numbers.py
texts after flags, whatever the locale         mbert_cli/typed_texts.py
flags of an export                             mbert_cli/phone_flags.py
the page of all verbs and keys                 mbert_cli/reference.py
how a command ends, exit codes                 mbert_cli/ending.py
how a process ends that a signal stops         mbert_cli/termination.py
threads that no process waits for              mbert_cli/threads.py
a GPU that cannot begin, memory that ends      mbert_cli/machine_problems.py
progress on terminals and in logs              mbert_cli/progress.py
how a corpus is read, on the terminal          mbert_cli/sessions/reading.py
what one verb does, top to bottom              mbert_cli/commands/
what a verb needs before it works              mbert_cli/preflight/
whether a recipe can be run: its findings      mbert_cli/preflight/inspection.py
whether memory suffices                        mbert_cli/preflight/memory.py
a run begun, continued, shown and summed up    mbert_cli/sessions/
a run that continues for more steps            mbert_cli/sessions/prolonging.py
whether bfloat16 would be faster here          mbert_cli/sessions/precision.py
what a command shows                           mbert_cli/page.py
how it is printed and written                  mbert_cli/report/terminal.py
--format and --out                             mbert_cli/report/delivery.py
how it looks in a browser                      mbert_cli/report/html.py
runs and artifacts to choose among             mbert_cli/report/comparison.py
what is known of each of them                  mbert_cli/report/choices.py
its pictures                                   mbert_cli/report/drawing.py
attention of a model and its teacher           mbert_cli/report/attention_tables.py
figures of matplotlib in a page                mbert_cli/report/svg.py
where a run comes from                         mbert_cli/runs/ancestry.py
what its training cost, and its curves         mbert_cli/runs/training_log.py
recipe keys of every verb                      mbert_cli/recipe/schema.py
which class a recipe of distill is of          mbert_cli/recipe/forms.py
how a recipe is read and checked               mbert_cli/recipe/loading.py
items of lists of sections                     mbert_cli/recipe/list_items.py
keys that change nothing beside others         mbert_cli/recipe/idle_keys.py
beside which values of others                  mbert_cli/recipe/idle_conditions.py
what older versions recorded as a recipe       mbert_cli/runs/older_recipes.py
what the value of --set means                  mbert_cli/recipe/setting.py
how JSON of others is read                     mbert_cli/json_text.py
paths in commands that are printed             mbert_cli/shell_words.py
text of others in Markdown                     mbert_cli/markdown_text.py
model sizes                                    mbert_cli/model/options.py
the encoder and the names of its weights       mbert_cli/model/encoder.py
shapes of all weights without building any     mbert_cli/model/weight_shapes.py
parameters, arithmetic, activations of a size  mbert_cli/model/cost.py
what a training costs, stage by stage          mbert_cli/cost/training.py
its matrix products, and their gradients       mbert_cli/cost/passes.py
what a step holds in memory                    mbert_cli/cost/memory.py
what a training leaves on a disk               mbert_cli/cost/disk.py
time on many devices, and their exchange       mbert_cli/cost/exchange.py
how that is shown                              mbert_cli/cost/shown.py
a plan before anything is built                mbert_cli/preflight/planning.py
20 steps timed for it                          mbert_cli/sessions/probing.py
the bottleneck block                           mbert_cli/model/bottleneck.py
BERT's own block                               mbert_cli/model/plain.py
what reads what before attention               mbert_cli/model/projections.py
attention                                      mbert_cli/model/attention.py
one TensorFlow function for all blocks         mbert_cli/model/shared_trace.py
which kernels devices divide                   mbert_cli/model/splitting.py
blocks computed again in the backward pass     mbert_cli/model/recomputing.py
where an artifact of integers rounds           mbert_cli/model/quantizing.py
what is quick with bfloat16 on a processor     mbert_cli/model/bfloat16.py
what a processor can do                        mbert_cli/processor.py
heads of pre-training and of every task        mbert_cli/model/heads.py
what a loss is, the weighted mean               mbert_cli/losses/loss.py
transfer losses                                mbert_cli/losses/transfer.py
losses of TinyBERT, MiniLM and DistilBERT      mbert_cli/losses/tinybert.py
masked-LM and next-sentence losses             mbert_cli/losses/pretraining.py
the strategies of distillation                 mbert_cli/distill/strategies/
which layer and head learns from which         mbert_cli/distill/layer_map.py
where a teacher's layer meets a student's      mbert_cli/distill/pair.py
projections between their widths               mbert_cli/distill/projections.py
which places share a projection                mbert_cli/distill/widths.py
what a teacher says, recorded once             mbert_cli/distill/teacher_outputs.py
the teacher is run over the rows               mbert_cli/tasks/teacher_outputs.py
which of its tensors, and what stands for it   mbert_cli/distill/recorded_teacher.py
the record of a row                            mbert_cli/distill/output_records.py
what goes when there are too many recordings   mbert_cli/distill/recordings.py
what a student starts with from its teacher    mbert_cli/distill/warm_start.py
layers that start as copies of the teacher's   mbert_cli/distill/layer_copies.py
embeddings of another width at the start       mbert_cli/distill/word_directions.py
the stages of a plan, one after the other      mbert_cli/train/engine.py
the training loop                              mbert_cli/train/stage_training.py
losses of tasks, focal loss                    mbert_cli/losses/tasks.py
a student's answers beside its teacher's       mbert_cli/losses/soft_targets.py
factors of rare labels                         mbert_cli/losses/weights.py
LAMB and AdamW                                 mbert_cli/train/optimizer.py
weights that they update together              mbert_cli/train/weight_groups.py
learning-rate schedule, stages                 mbert_cli/train/stage.py
a search over settings and seeds               mbert_cli/search/trials.py
its grid, and what is behind at a moment       mbert_cli/search/grid.py
what is clearly behind, whoever ends first     mbert_cli/search/verdicts.py
its trials as runs, and the one that is kept   mbert_cli/tasks/searching.py
its trials in processes of their own           mbert_cli/tasks/trial_worker.py
a batch in halves on two streams               mbert_cli/train/streams.py
gradients of several hosts, summed at once     mbert_cli/train/own_rows.py
random numbers of the rows of one host         mbert_cli/model/own_rows.py
one trace for batches of any length            mbert_cli/train/dynamic_length.py
checkpoints and resuming                       mbert_cli/train/checkpoint.py
several hosts that train one model             mbert_cli/hosts/joining.py
which of them this one is                      mbert_cli/hosts/environment.py
what a cluster says of that                    mbert_cli/hosts/clusters.py
how hosts meet before they train               mbert_cli/hosts/meeting.py
whether they are about to do the same          mbert_cli/hosts/agreement.py
a host that dies or hangs                      mbert_cli/hosts/watch.py
the process of a host that trains              mbert_cli/hosts/worker.py
a verb on several hosts                        mbert_cli/many_hosts.py
what one host knows before it meets the others mbert_cli/preflight/hosts.py
devices that divide a model                    mbert_cli/hosts/layout.py
devices that share out a batch                 mbert_cli/hosts/devices.py
which rows of it a host draws                  mbert_cli/hosts/shares.py
what the hosts of a job do as one              mbert_cli/hosts/together.py
a run that another host writes                 mbert_cli/runs/followed.py
layers that train and do not ship              mbert_cli/train/companions.py
what a run directory holds                     mbert_cli/runs/directory.py
what makes a run complete, and opening one     mbert_cli/runs/complete.py
a saved model, opened once                     mbert_cli/weights/saved_model.py
what its inputs hold                           mbert_cli/runs/content.py
which inputs a recipe has                      mbert_cli/recipe/contents.py
which run a command continues                  mbert_cli/runs/identity.py
corpora                                        mbert_cli/corpus/corpus.py
corpora of files                               mbert_cli/corpus/files.py
tables with a document in each row             mbert_cli/corpus/rows.py
arrays of JSON larger than memory              mbert_cli/corpus/json_arrays.py
their columns, and the text in one             mbert_cli/corpus/columns.py
conditions on their columns                    mbert_cli/corpus/conditions.py
documents that repeat an earlier one           mbert_cli/corpus/duplicates.py
several sources mixed by weights               mbert_cli/corpus/mixing.py
work shared out among processes, or by Ray     mbert_cli/cluster/sharing.py
who shares it: keys of a recipe                mbert_cli/cluster/options.py
processes of this machine that share it        mbert_cli/cluster/processes.py
tasks of a Ray cluster that share it           mbert_cli/cluster/ray_crew.py
whether a cluster answers                      mbert_cli/cluster/joining.py
what each of its machines must have            mbert_cli/cluster/checking.py
a corpus in pieces, encoded one by one         mbert_cli/corpus/pieces.py
large files in ranges                          mbert_cli/corpus/cutting.py
documents as token ids                         mbert_cli/corpus/encoding.py
encoded pieces on disk                         mbert_cli/corpus/parts.py
the token store that they become               mbert_cli/corpus/assembly.py
a store that grows by files                    mbert_cli/corpus/growing.py
files by pattern, each once                    mbert_cli/text/file_patterns.py
files behind URLs                              mbert_cli/text/remote_files.py
connections that break                         mbert_cli/text/remote_reading.py
libraries that read URLs                       mbert_cli/text/remote_systems.py
text to token ids                              mbert_cli/text/wordpiece.py
tokens matched before words are cut            mbert_cli/text/matched_tokens.py
the token store                                mbert_cli/corpus/store.py
masking and sentence pairs                     mbert_cli/corpus/pretraining_batches.py
the contract of a batch                        mbert_cli/text/batch.py
tasks to fine-tune on                          mbert_cli/examples/loading.py
the task of a teacher, for its student         mbert_cli/recipe/teacher_task.py
what a kind of task is, a row each             mbert_cli/tasks/kinds.py
any encoder as a model of texts as vectors     mbert_cli/tasks/embedding.py
head, activation and outputs of a task model   mbert_cli/model/task_head.py
a set of a task, encoded and with its judge    mbert_cli/tasks/task_set.py
examples to rows, and who judges them          mbert_cli/tasks/encoding.py
the training of a task model                   mbert_cli/tasks/fitting.py
what it learns from, and how                   mbert_cli/tasks/training.py
a task learned from a fine-tuned teacher       mbert_cli/tasks/distilling.py
what is said of a task before a training       mbert_cli/tasks/task_notes.py
what predict shows                             mbert_cli/tasks/shown_answers.py
what eval shows beside the score               mbert_cli/tasks/scores.py
GLUE                                           mbert_cli/examples/glue.py
SQuAD                                          mbert_cli/examples/squad.py
files of questions                             mbert_cli/examples/squad_files.py
tables of your own                             mbert_cli/examples/text_tables.py
columns of CSV, TSV and JSONL files            mbert_cli/examples/table_files.py
what separates their cells                     mbert_cli/examples/table_dialect.py
their labels, a column or several              mbert_cli/examples/labelled_rows.py
labels that a cell writes as a list            mbert_cli/examples/label_lists.py
order and mistakes of labels                   mbert_cli/examples/label_names.py
rows of JSON: lines, arrays, lists in objects  mbert_cli/text/json_items.py
windows over long texts of questions           mbert_cli/examples/answer_windows.py
texts of a task that nobody labelled           mbert_cli/examples/unlabelled_files.py
their rows beside labelled ones                mbert_cli/examples/joined_rows.py
shuffled batches of a task                     mbert_cli/examples/batches.py
more examples from few: copies of each         mbert_cli/augment/replacement.py
which words of a text may be replaced          mbert_cli/augment/words.py
words in their place, found and kept           mbert_cli/augment/candidates.py
a piece of the texts, in whichever process     mbert_cli/augment/filling.py
texts in which many words are masked at once   mbert_cli/augment/masked_rows.py
what a masked LM fills in                      mbert_cli/augment/masked_words.py
the nearest words by their vectors             mbert_cli/augment/word_vectors.py
files of word vectors                          mbert_cli/augment/vector_file.py
word vectors trained on a token store          mbert_cli/augment/trained_vectors.py
its sentences, block by block                  mbert_cli/augment/sentence_blocks.py
vectors kept from one command to the next      mbert_cli/augment/kept_vectors.py
augmented examples that a task learns from     mbert_cli/examples/augmented.py
CoNLL files, a token a line                    mbert_cli/examples/token_columns.py
rows of JSON with labelled texts               mbert_cli/examples/token_records.py
spans of doccano, spaCy, Prodigy               mbert_cli/examples/span_forms.py
which tokens of a text have a label            mbert_cli/examples/token_rows.py
windows over long texts of labelled words      mbert_cli/examples/token_windows.py
metrics                                        mbert_cli/evaluate/metrics.py
from logits to outputs                         mbert_cli/evaluate/outputs.py
how good they are, and where two models differ mbert_cli/evaluate/judges.py
cosines of vectors beside what people say      mbert_cli/evaluate/similarity_judge.py
answers from start and end logits              mbert_cli/evaluate/answers.py
exact match and F1                             mbert_cli/evaluate/squad_metrics.py
entities from labelled words, and their F1     mbert_cli/evaluate/entity_judge.py
which labels of words make up entities         mbert_cli/evaluate/entities.py
tags of words, and how good they are           mbert_cli/evaluate/tag_judge.py
names of weights in TF1 and Hugging Face       mbert_cli/weights/names.py
checkpoints of other projects                  mbert_cli/weights/checkpoint_source.py
names of their arrays behind a prefix          mbert_cli/weights/prefixes.py
classifiers of TinyBERT's own code             mbert_cli/weights/tinybert.py
what their configurations promise              mbert_cli/weights/promises.py
which output of a model is which label         mbert_cli/tasks/label_order.py
how long a text a command reads                mbert_cli/tasks/row_length.py
what makes vectors of texts beside them        mbert_cli/weights/sentence_transformers.py
their vocabularies                             mbert_cli/text/foreign_tokenizer.py
their added tokens                             mbert_cli/text/added_tokens.py
their configurations                           mbert_cli/weights/configuration.py
norms folded into weights for a phone          mbert_cli/tflite/fold.py
the numbers that integers stand for            mbert_cli/tflite/grids.py
rounding while a model trains                  mbert_cli/tflite/fake_quantization.py
channels that may have any factor              mbert_cli/tflite/channels.py
factors that suit few steps of integers        mbert_cli/tflite/equalization.py
dense maps of a file                           mbert_cli/tflite/dense_maps.py
their names by paths of weights                mbert_cli/tflite/dense_layers.py
what each mode rounds                          mbert_cli/tflite/roundings.py
ranges that a run was trained with             mbert_cli/tflite/trained_ranges.py
a network with the numbers of its artifact     mbert_cli/tflite/rounded_network.py
ranges of places and those of tensors          mbert_cli/tflite/tensor_ranges.py
a task learned with rounded numbers            mbert_cli/tasks/quantized_training.py
the graph of a phone                           mbert_cli/tflite/graph.py
a batch axis for every tensor of it            mbert_cli/tflite/batch_axis.py
what each processor refuses, and what fits it  mbert_cli/tflite/targets.py
compiled for an NPU                            mbert_cli/phone/ahead_of_time.py
quantization modes                             mbert_cli/tflite/modes.py
a run's model, for all modes and lengths       mbert_cli/tflite/source_model.py
static and 4-bit modes, by rules               mbert_cli/tflite/quantizer.py
which operation an operator of a file is       mbert_cli/tflite/operation_codes.py
kernels of 4 bits, rounded by training rows    mbert_cli/tflite/kernel_rounding.py
the word table in 4 bits                       mbert_cli/tflite/word_table.py
ranges of activations, measured and kept       mbert_cli/tflite/calibration.py
where a range of 8 bits is cut off             mbert_cli/tflite/clipping.py
what dense maps lose by one range for all rows mbert_cli/tflite/range_losses.py
what dense maps read and write                 mbert_cli/tflite/dense_rows.py
LayerNorms, which stay float on a CPU          mbert_cli/tflite/layer_norms.py
types that an artifact computes with           mbert_cli/tflite/census.py
which modes a target runs                      mbert_cli/preflight/artifact_modes.py
the TFLite converter                           mbert_cli/tflite/convert.py
one file for texts of several lengths          mbert_cli/tflite/lengths.py
the tokenizer inside a .tflite file             mbert_cli/tflite/text_input.py
the runtime that such a file needs             mbert_cli/tflite/text_runtime.py
parity of artifact and Keras run               mbert_cli/tflite/verify.py
which layers of an artifact do the damage      mbert_cli/tflite/layer_errors.py
layers kept in higher precision                mbert_cli/tflite/fallback.py
an artifact made, compared, and saved          mbert_cli/phone/making.py
the Keras run that artifacts are compared with mbert_cli/phone/reference.py
what an export says of its artifacts           mbert_cli/phone/export_notes.py
the folder of an artifact                      mbert_cli/phone/artifact_folder.py
metadata and files inside an artifact          mbert_cli/tflite/metadata.py
what is packed into it                         mbert_cli/phone/packing.py
what shows an artifact to people               mbert_cli/phone/presentation.py
its card, README.md beside it                  mbert_cli/phone/card.py
how fast it is, on its card                    mbert_cli/phone/card_times.py
the code on it: Kotlin, Swift, Python          mbert_cli/phone/snippets.py
the page that runs an artifact in a browser    mbert_cli/phone/web_page.py
its scripts, BERT's tokenizer among them       mbert_cli/phone/web/
LiteRT's web runtime, which it runs on         mbert_cli/phone/web_packages.py
what it is, read from inside or beside it      mbert_cli/tasks/packed_model.py
what clients on phones want of an artifact     mbert_cli/tflite/clients.py
how they cut texts into tokens                 mbert_cli/text/client_tokenizer.py
how many texts they cut otherwise              mbert_cli/phone/client_texts.py
whose way a command takes                      mbert_cli/tasks/chosen_client.py
which of them loads an artifact                mbert_cli/tasks/phone_client.py
the fields of their schema                     mbert_cli/tflite/metadata_tables.py
latency                                        mbert_cli/tflite/latency.py
reports of latency, and the newest of them      mbert_cli/tflite/latency_reports.py
a phone on adb                                 mbert_cli/phone/adb.py
artifacts timed on it                          mbert_cli/phone/timing.py
the commands that do it                        mbert_cli/phone/benchmark_command.py
what LiteRT's benchmark prints                 mbert_cli/phone/benchmark_log.py
how times on a phone are shown                 mbert_cli/report/phone_bench.py
artifacts over lengths and threads             mbert_cli/phone/sweep.py
how that is shown, and found by reports        mbert_cli/report/sweep.py
"""

__version__ = "0.1.0"
