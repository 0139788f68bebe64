<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en">
<context>
    <name>distillix::ui::BatchView</name>
    <message>
        <source>The first batch as the model sees it</source>
        <translation>Der erste Batch, wie das Modell ihn sieht</translation>
    </message>
    <message>
        <source>Sequence %1, document %2</source>
        <translation>Sequenz %1, Dokument %2</translation>
    </message>
    <message>
        <source>Sequence %1</source>
        <translation>Sequenz %1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::CommandPalette</name>
    <message>
        <source>Type a command, a dataset, a model…</source>
        <translation>Befehl, Datensatz oder Modell eingeben …</translation>
    </message>
    <message>
        <source>Find a command</source>
        <translation>Befehl suchen</translation>
    </message>
    <message>
        <source>Commands found</source>
        <translation>Gefundene Befehle</translation>
    </message>
    <message>
        <source>Dataset: %1</source>
        <translation>Datensatz: %1</translation>
    </message>
    <message>
        <source>Run: %1</source>
        <translation>Lauf: %1</translation>
    </message>
    <message>
        <source>Model: %1</source>
        <translation>Modell: %1</translation>
    </message>
    <message>
        <source>Open project: %1</source>
        <translation>Projekt öffnen: %1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::DataPage</name>
    <message>
        <source>Datasets</source>
        <translation>Datensätze</translation>
    </message>
    <message>
        <source>Datasets of the project</source>
        <translation>Datensätze des Projekts</translation>
    </message>
    <message>
        <source>Import files…</source>
        <translation>Dateien importieren …</translation>
    </message>
    <message>
        <source>Import a folder…</source>
        <translation>Ordner importieren …</translation>
    </message>
    <message>
        <source>Bring your text</source>
        <translation>Bringen Sie Ihren Text mit</translation>
    </message>
    <message>
        <source>Drop files or a folder here. JSONL, JSON, CSV, text and folders of code are understood, packed by gzip or zstd or not; you see what becomes of them before anything is written.</source>
        <translation>Legen Sie Dateien oder einen Ordner hier ab. JSONL, JSON, CSV, Text und Ordner mit Quelltext werden verstanden, auch mit gzip oder zstd gepackt; Sie sehen, was daraus wird, bevor etwas geschrieben wird.</translation>
    </message>
    <message>
        <source>Files to import</source>
        <translation>Zu importierende Dateien</translation>
    </message>
    <message>
        <source>Data (*.jsonl *.json *.csv *.tsv *.txt *.md *.gz *.zst);;All files (*)</source>
        <translation>Daten (*.jsonl *.json *.csv *.tsv *.txt *.md *.gz *.zst);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>A folder of text or code</source>
        <translation>Ein Ordner mit Text oder Quelltext</translation>
    </message>
    <message>
        <source>An import is under way. Wait for it, or cancel it.</source>
        <translation>Ein Import läuft bereits. Warten Sie ihn ab oder brechen Sie ihn ab.</translation>
    </message>
    <message>
        <source>%1, made %2</source>
        <translation>%1, erstellt %2</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
</context>
<context>
    <name>distillix::ui::DatasetView</name>
    <message>
        <source>Train on it</source>
        <translation>Damit trainieren</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen …</translation>
    </message>
    <message>
        <source>Made of</source>
        <translation>Entstanden aus</translation>
    </message>
    <message>
        <source>To train on</source>
        <translation>Zum Trainieren</translation>
    </message>
    <message>
        <source>Held out</source>
        <translation>Zurückgehalten</translation>
    </message>
    <message>
        <source>Lengths</source>
        <translation>Längen</translation>
    </message>
    <message>
        <source>Tokenizer</source>
        <translation>Tokenizer</translation>
    </message>
    <message>
        <source>Compression</source>
        <translation>Kompression</translation>
    </message>
    <message>
        <source>Packing</source>
        <translation>Packung</translation>
    </message>
    <message>
        <source>Languages</source>
        <translation>Sprachen</translation>
    </message>
    <message>
        <source>Left out</source>
        <translation>Ausgelassen</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Überblick</translation>
    </message>
    <message>
        <source>The first micro-batch of a training with seed 1. Tinted tokens are learnt, grey ones only read.</source>
        <translation>Der erste Mikro-Batch eines Trainings mit Startwert 1. Farbige Token werden gelernt, graue nur gelesen.</translation>
    </message>
    <message>
        <source>First batch</source>
        <translation>Erster Batch</translation>
    </message>
    <message>
        <source>Records that were refused</source>
        <translation>Abgelehnte Datensätze</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen …</translation>
    </message>
    <message>
        <source>Conversations, put as %1</source>
        <translation>Gespräche, dargestellt als %1</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>%1 records</source>
        <translation>%1 Einträge</translation>
    </message>
    <message>
        <source>%1 refused</source>
        <translation>%1 abgelehnt</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>%1 documents, %2 tokens, of which %3 are learnt</source>
        <translation>%1 Dokumente, %2 Token, davon werden %3 gelernt</translation>
    </message>
    <message>
        <source>half have up to %1 tokens, 90% up to %2, 99% up to %3, all up to %4</source>
        <translation>die Hälfte hat bis zu %1 Token, 90 % bis zu %2, 99 % bis zu %3, alle bis zu %4</translation>
    </message>
    <message>
        <source>%1 pieces, trained on %2 of this text</source>
        <translation>%1 Stücke, trainiert an %2 dieses Textes</translation>
    </message>
    <message>
        <source>%1 pieces, brought along</source>
        <translation>%1 Stücke, mitgebracht</translation>
    </message>
    <message>
        <source>%1 bytes of text a token; %2 in what is held out</source>
        <translation>%1 Bytes Text je Token; %2 im Zurückgehaltenen</translation>
    </message>
    <message>
        <source>%1 bytes of text a token</source>
        <translation>%1 Bytes Text je Token</translation>
    </message>
    <message>
        <source>%1 at %2 tokens</source>
        <translation>%1 bei %2 Token</translation>
    </message>
    <message>
        <source>padding: %1</source>
        <translation>Füllung: %1</translation>
    </message>
    <message>
        <source>not told apart</source>
        <translation>nicht unterschieden</translation>
    </message>
    <message>
        <source>%1 exact duplicates</source>
        <translation>%1 genaue Dubletten</translation>
    </message>
    <message>
        <source>%1 files: %2</source>
        <translation>%1 Dateien: %2</translation>
    </message>
    <message>
        <source>Refused (%1)</source>
        <translation>Abgelehnt (%1)</translation>
    </message>
    <message>
        <source>Delete the dataset &quot;%1&quot;?</source>
        <translation>Den Datensatz „%1“ löschen?</translation>
    </message>
    <message>
        <source>Runs that were trained on it stay, but cannot be resumed without it.</source>
        <translation>Läufe, die damit trainiert wurden, bleiben, lassen sich ohne ihn aber nicht fortsetzen.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::EmptyPage</name>
    <message>
        <source>This page is not part of this build.</source>
        <translation>Diese Seite gehört nicht zu diesem Programm.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ExportDialog</name>
    <message>
        <source>Export %1</source>
        <translation>%1 exportieren</translation>
    </message>
    <message>
        <source>Export for other programs</source>
        <translation>Für andere Programme exportieren</translation>
    </message>
    <message>
        <source>GGUF, one file</source>
        <translation>GGUF, eine Datei</translation>
    </message>
    <message>
        <source>safetensors, one file</source>
        <translation>safetensors, eine Datei</translation>
    </message>
    <message>
        <source>Hugging Face folder</source>
        <translation>Hugging-Face-Ordner</translation>
    </message>
    <message>
        <source>Write an Ollama Modelfile beside it</source>
        <translation>Ein Modelfile für Ollama daneben schreiben</translation>
    </message>
    <message>
        <source>Browse…</source>
        <translation>Auswählen …</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>Format</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>Embedding</source>
        <translation>Einbettung</translation>
    </message>
    <message>
        <source>Write to</source>
        <translation>Schreiben nach</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Show in its folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Copy the path</source>
        <translation>Pfad kopieren</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Where the folder goes</source>
        <translation>Wohin der Ordner soll</translation>
    </message>
    <message>
        <source>Export as</source>
        <translation>Exportieren als</translation>
    </message>
    <message>
        <source>Reading it back and comparing it with the model</source>
        <translation>Wird zurückgelesen und mit dem Modell verglichen</translation>
    </message>
    <message>
        <source>Writing</source>
        <translation>Schreiben</translation>
    </message>
    <message>
        <source>Reading the model</source>
        <translation>Das Modell wird gelesen</translation>
    </message>
    <message>
        <source>For llama.cpp, Ollama, LM Studio, KoboldCpp and others built on it. The tokenizer and the chat template are in it.</source>
        <translation>Für llama.cpp, Ollama, LM Studio, KoboldCpp und andere, die darauf bauen. Tokenizer und Chat-Vorlage sind enthalten.</translation>
    </message>
    <message>
        <source>For transformers and what builds on it, with tokenizer and model card.</source>
        <translation>Für transformers und was darauf baut, mit Tokenizer und Modellkarte.</translation>
    </message>
    <message>
        <source>The latent weights alone, to go on training elsewhere or to look at them.</source>
        <translation>Nur die latenten Gewichte, um anderswo weiterzutrainieren oder sie anzusehen.</translation>
    </message>
    <message>
        <source>estimating…</source>
        <translation>wird geschätzt …</translation>
    </message>
    <message>
        <source>about %1</source>
        <translation>etwa %1</translation>
    </message>
    <message>
        <source>This model has soft-caps, which the reading programs lack: the export is approximate. How far off it is, is measured.</source>
        <translation>Dieses Modell hat Soft-Caps, die den lesenden Programmen fehlen: Der Export ist angenähert. Wie weit er abweicht, wird gemessen.</translation>
    </message>
    <message>
        <source>Exporting %1</source>
        <translation>%1 wird exportiert</translation>
    </message>
    <message>
        <source>Cancelled. Nothing was written.</source>
        <translation>Abgebrochen. Es wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>Written: %1, %2</source>
        <translation>Geschrieben: %1, %2</translation>
    </message>
    <message>
        <source>Read back and compared with the model at %1 positions of %2:</source>
        <translation>Zurückgelesen und mit dem Modell verglichen, an %1 Stellen von %2:</translation>
    </message>
    <message>
        <source>same first choice at %1, and at %2 where the model is sure</source>
        <translation>gleiche erste Wahl bei %1, und bei %2, wo das Modell sicher ist</translation>
    </message>
    <message>
        <source>KL divergence %1 nats on average; loss %2 here, %3 exported</source>
        <translation>KL-Divergenz %1 nat im Mittel; Loss hier %2, exportiert %3</translation>
    </message>
    <message>
        <source>Exported: %1</source>
        <translation>Exportiert: %1</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ImportModelDialog</name>
    <message>
        <source>Import a model</source>
        <translation>Modell importieren</translation>
    </message>
    <message>
        <source>safetensors (packed i2_s too), PyTorch&apos;s .pt, GGUF, a model folder, or a Hugging Face folder of a dense Qwen3. Pickles are read as data; nothing in them is run.</source>
        <translation>safetensors (auch als i2_s gepackt), .pt von PyTorch, GGUF, ein Modellordner oder ein Hugging-Face-Ordner eines dichten Qwen3. Pickles werden als Daten gelesen; nichts darin wird ausgeführt.</translation>
    </message>
    <message>
        <source>File…</source>
        <translation>Datei …</translation>
    </message>
    <message>
        <source>Folder…</source>
        <translation>Ordner …</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>a file or a folder</source>
        <translation>eine Datei oder ein Ordner</translation>
    </message>
    <message>
        <source>Models (*.safetensors *.pt *.pth *.gguf);;All files (*)</source>
        <translation>Modelle (*.safetensors *.pt *.pth *.gguf);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Configuration</source>
        <translation>Konfiguration</translation>
    </message>
    <message>
        <source>the config.json beside it</source>
        <translation>die config.json daneben</translation>
    </message>
    <message>
        <source>config.json (*.json)</source>
        <translation>config.json (*.json)</translation>
    </message>
    <message>
        <source>Tokenizer</source>
        <translation>Tokenizer</translation>
    </message>
    <message>
        <source>the one beside it</source>
        <translation>der daneben</translation>
    </message>
    <message>
        <source>SentencePiece models (*.model)</source>
        <translation>SentencePiece-Modelle (*.model)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Import</source>
        <translation>Importieren</translation>
    </message>
    <message>
        <source>Importing %1</source>
        <translation>%1 wird importiert</translation>
    </message>
    <message>
        <source>Cancelled. Nothing was written.</source>
        <translation>Abgebrochen. Es wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>%1 parameters, read from %2</source>
        <translation>%1 Parameter, gelesen aus %2</translation>
    </message>
    <message>
        <source>Taken from the weights: %1</source>
        <translation>Aus den Gewichten geschlossen: %1</translation>
    </message>
    <message>
        <source>Not in the file, so the defaults hold: %1</source>
        <translation>Nicht in der Datei, also gelten die Vorgaben: %1</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ImportView</name>
    <message>
        <source>Discard</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Reading the first records</source>
        <translation>Die ersten Einträge werden gelesen</translation>
    </message>
    <message>
        <source>Which of the sources is shown</source>
        <translation>Welche Quelle gezeigt wird</translation>
    </message>
    <message>
        <source>The first records</source>
        <translation>Die ersten Einträge</translation>
    </message>
    <message>
        <source>Records</source>
        <translation>Einträge</translation>
    </message>
    <message>
        <source>Each token has a tint of its own; the model learns to write the tinted ones and only reads the grey ones.</source>
        <translation>Jedes Token hat seine eigene Tönung; die farbigen lernt das Modell zu schreiben, die grauen liest es nur.</translation>
    </message>
    <message>
        <source>First batch</source>
        <translation>Erster Batch</translation>
    </message>
    <message>
        <source>Statistics</source>
        <translation>Statistik</translation>
    </message>
    <message>
        <source>Records that cannot be used</source>
        <translation>Unbrauchbare Einträge</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Name of the dataset</source>
        <translation>Name des Datensatzes</translation>
    </message>
    <message>
        <source>Shape of the records</source>
        <translation>Form der Einträge</translation>
    </message>
    <message>
        <source>all that are text, or: py, md</source>
        <translation>alle mit Text, oder: py, md</translation>
    </message>
    <message>
        <source>File extensions of the folder</source>
        <translation>Dateiendungen im Ordner</translation>
    </message>
    <message>
        <source>Tokenizer</source>
        <translation>Tokenizer</translation>
    </message>
    <message>
        <source> pieces</source>
        <translation> Stücke</translation>
    </message>
    <message>
        <source>Pieces of the new tokenizer</source>
        <translation>Stücke des neuen Tokenizers</translation>
    </message>
    <message>
        <source> %</source>
        <translation> %</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>Held out for validation</source>
        <translation>Zur Validierung zurückgehalten</translation>
    </message>
    <message>
        <source>Hold out a file instead…</source>
        <translation>Stattdessen eine Datei zurückhalten …</translation>
    </message>
    <message>
        <source>%1 tokens</source>
        <translation>%1 Token</translation>
    </message>
    <message>
        <source>Sequences of the first batch</source>
        <translation>Sequenzen des ersten Batches</translation>
    </message>
    <message>
        <source>Code made into fill-in-the-middle tasks</source>
        <translation>Quelltext als Lückenaufgaben</translation>
    </message>
    <message>
        <source>Learn the prompts too</source>
        <translation>Auch die Prompts lernen</translation>
    </message>
    <message>
        <source>Keep exact duplicates</source>
        <translation>Genaue Dubletten behalten</translation>
    </message>
    <message>
        <source>Progress of the import</source>
        <translation>Fortschritt des Imports</translation>
    </message>
    <message>
        <source>Import</source>
        <translation>Importieren</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>A tokenizer</source>
        <translation>Ein Tokenizer</translation>
    </message>
    <message>
        <source>SentencePiece models (*.model)</source>
        <translation>SentencePiece-Modelle (*.model)</translation>
    </message>
    <message>
        <source>A file to hold out</source>
        <translation>Eine zurückzuhaltende Datei</translation>
    </message>
    <message>
        <source>Held out: %1</source>
        <translation>Zurückgehalten: %1</translation>
    </message>
    <message>
        <source>Train a new one on this data</source>
        <translation>Einen neuen an diesen Daten trainieren</translation>
    </message>
    <message>
        <source>that of %1</source>
        <translation>der von %1</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>Datei auswählen …</translation>
    </message>
    <message numerus="yes">
        <source>%1 and %n more</source>
        <translation>
            <numerusform>%1 und %n weitere</numerusform>
            <numerusform>%1 und %n weitere</numerusform>
        </translation>
    </message>
    <message>
        <source>Reading the first records…</source>
        <translation>Die ersten Einträge werden gelesen …</translation>
    </message>
    <message>
        <source>The files could not be read like that.</source>
        <translation>So ließen sich die Dateien nicht lesen.</translation>
    </message>
    <message>
        <source>Refused (%1)</source>
        <translation>Abgelehnt (%1)</translation>
    </message>
    <message>
        <source>What is shown uses one of %1 pieces made of these records alone.</source>
        <translation>Gezeigt wird es mit einem Tokenizer von %1 Stücken, allein aus diesen Einträgen.</translation>
    </message>
    <message>
        <source>It has %1 pieces.</source>
        <translation>Er hat %1 Stücke.</translation>
    </message>
    <message>
        <source>packed by %1</source>
        <translation>mit %1 gepackt</translation>
    </message>
    <message>
        <source>%1 records</source>
        <translation>%1 Einträge</translation>
    </message>
    <message>
        <source>the first %1 records looked at</source>
        <translation>die ersten %1 Einträge angesehen</translation>
    </message>
    <message numerus="yes">
        <source>%n files passed over</source>
        <translation>
            <numerusform>%n Datei übergangen</numerusform>
            <numerusform>%n Dateien übergangen</numerusform>
        </translation>
    </message>
    <message>
        <source>This source is plain text: %1 in %2 documents. There are no columns to choose.</source>
        <translation>Diese Quelle ist reiner Text: %1 in %2 Dokumenten. Es gibt keine Spalten zu wählen.</translation>
    </message>
    <message>
        <source>Of the records looked at:</source>
        <translation>Von den angesehenen Einträgen:</translation>
    </message>
    <message>
        <source>%1 documents, %2 tokens, of which the model learns %3 (%4)</source>
        <translation>%1 Dokumente, %2 Token, von denen das Modell %3 lernt (%4)</translation>
    </message>
    <message>
        <source>%1 bytes of text a token</source>
        <translation>%1 Bytes Text je Token</translation>
    </message>
    <message>
        <source>Half of the documents have up to %1 tokens, 90% up to %2, 99% up to %3, all up to %4</source>
        <translation>Die Hälfte der Dokumente hat bis zu %1 Token, 90 % bis zu %2, 99 % bis zu %3, alle bis zu %4</translation>
    </message>
    <message>
        <source>%1 exact duplicates are left out</source>
        <translation>%1 genaue Dubletten werden ausgelassen</translation>
    </message>
    <message>
        <source>Refused:</source>
        <translation>Abgelehnt:</translation>
    </message>
    <message>
        <source>Use &quot;%1&quot; as</source>
        <translation>„%1“ verwenden als</translation>
    </message>
    <message>
        <source>As detected</source>
        <translation>Wie erkannt</translation>
    </message>
    <message>
        <source>Open a project first: the dataset is put into it.</source>
        <translation>Öffnen Sie zuerst ein Projekt: Der Datensatz kommt dort hinein.</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Wird gestartet …</translation>
    </message>
    <message>
        <source>Importing %1</source>
        <translation>%1 wird importiert</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Lesen</translation>
    </message>
    <message>
        <source>Training the tokenizer</source>
        <translation>Der Tokenizer wird trainiert</translation>
    </message>
    <message>
        <source>Turning text into tokens</source>
        <translation>Text wird zu Token</translation>
    </message>
    <message>
        <source>Writing</source>
        <translation>Schreiben</translation>
    </message>
    <message>
        <source>%1 left</source>
        <translation>noch %1</translation>
    </message>
    <message>
        <source>The import was cancelled. Nothing of it was kept.</source>
        <translation>Der Import wurde abgebrochen. Nichts davon wurde behalten.</translation>
    </message>
    <message>
        <source>The dataset is ready: %1 documents, %2 tokens.</source>
        <translation>Der Datensatz ist fertig: %1 Dokumente, %2 Token.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::LibraryModel</name>
    <message>
        <source>Trained here</source>
        <translation>Hier trainiert</translation>
    </message>
    <message>
        <source>Imported</source>
        <translation>Importiert</translation>
    </message>
    <message>
        <source>%1  ·  training, step %2</source>
        <translation>%1  ·  trainiert, Schritt %2</translation>
    </message>
    <message>
        <source>Step %1</source>
        <translation>Schritt %1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::LibraryPage</name>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Models of the project</source>
        <translation>Modelle des Projekts</translation>
    </message>
    <message>
        <source>Import a model…</source>
        <translation>Modell importieren …</translation>
    </message>
    <message>
        <source>Your models will stand here</source>
        <translation>Hier werden Ihre Modelle stehen</translation>
    </message>
    <message>
        <source>Every checkpoint of a training, and models of other programs. From here they go into a chat, a benchmark, or out as GGUF, safetensors or a Hugging Face folder.</source>
        <translation>Alle Checkpoints eines Trainings und Modelle anderer Programme. Von hier gehen sie in einen Chat, einen Benchmark oder als GGUF, safetensors oder Hugging-Face-Ordner hinaus.</translation>
    </message>
    <message>
        <source>Train one</source>
        <translation>Eines trainieren</translation>
    </message>
    <message>
        <source>There is no model to export yet. Train one, or import one.</source>
        <translation>Es gibt noch kein Modell zu exportieren. Trainieren oder importieren Sie eines.</translation>
    </message>
    <message>
        <source>Open a project first: the model is put into it.</source>
        <translation>Öffnen Sie zuerst ein Projekt: Das Modell kommt dort hinein.</translation>
    </message>
    <message>
        <source>Library</source>
        <translation>Bibliothek</translation>
    </message>
</context>
<context>
    <name>distillix::ui::MainWindow</name>
    <message>
        <source>Train</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>Benchmark</source>
        <translation>Benchmark</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Recent projects</source>
        <translation>&amp;Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>&amp;Export</source>
        <translation>&amp;Exportieren</translation>
    </message>
    <message>
        <source>&amp;Run</source>
        <translation>&amp;Lauf</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>T&amp;heme</source>
        <translation>Far&amp;bschema</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>Open project</source>
        <translation>Projekt öffnen</translation>
    </message>
    <message>
        <source>A folder for the new project</source>
        <translation>Ein Ordner für das neue Projekt</translation>
    </message>
    <message>
        <source>Distillix Studio</source>
        <translation>Distillix Studio</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ModelView</name>
    <message>
        <source>Delete…</source>
        <translation>Löschen …</translation>
    </message>
    <message>
        <source>Show its curves</source>
        <translation>Kurven zeigen</translation>
    </message>
    <message>
        <source>Benchmark</source>
        <translation>Benchmark</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>GGUF…</source>
        <translation>GGUF …</translation>
    </message>
    <message>
        <source>safetensors…</source>
        <translation>safetensors …</translation>
    </message>
    <message>
        <source>Hugging Face folder…</source>
        <translation>Hugging-Face-Ordner …</translation>
    </message>
    <message>
        <source>Chat with it</source>
        <translation>Damit chatten</translation>
    </message>
    <message>
        <source>Comes from</source>
        <translation>Stammt aus</translation>
    </message>
    <message>
        <source>Trained on</source>
        <translation>Trainiert mit</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
    <message>
        <source>Losses</source>
        <translation>Loss</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>Ternary weights</source>
        <translation>Ternäre Gewichte</translation>
    </message>
    <message>
        <source>Soft-caps</source>
        <translation>Soft-Caps</translation>
    </message>
    <message>
        <source>Chat template</source>
        <translation>Chat-Vorlage</translation>
    </message>
    <message>
        <source>On disk</source>
        <translation>Auf der Platte</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Überblick</translation>
    </message>
    <message>
        <source>Statistics of the weights</source>
        <translation>Statistik der Gewichte</translation>
    </message>
    <message>
        <source>A healthy ternary matrix has about a third of each value. Nearly all zeros, or hardly any, and it has stopped learning.</source>
        <translation>In einer gesunden ternären Matrix kommt jeder Wert etwa zu einem Drittel vor. Sind es fast nur Nullen oder kaum welche, lernt sie nicht mehr.</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>Configuration</source>
        <translation>Konfiguration</translation>
    </message>
    <message>
        <source>A training writes here now. Stop it first.</source>
        <translation>Hier schreibt gerade ein Training. Halten Sie es zuerst an.</translation>
    </message>
    <message>
        <source>imported</source>
        <translation>importiert</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>nicht bekannt</translation>
    </message>
    <message>
        <source>the run %1 (%2)</source>
        <translation>dem Lauf %1 (%2)</translation>
    </message>
    <message>
        <source>training %1</source>
        <translation>Training %1</translation>
    </message>
    <message>
        <source>validation %1</source>
        <translation>Validierung %1</translation>
    </message>
    <message>
        <source>validation %1 (at step %2)</source>
        <translation>Validierung %1 (bei Schritt %2)</translation>
    </message>
    <message>
        <source>%1 bits per byte</source>
        <translation>%1 Bit je Byte</translation>
    </message>
    <message>
        <source>none yet</source>
        <translation>noch keine</translation>
    </message>
    <message>
        <source>%1 (%2 as float32)</source>
        <translation>%1 (%2 als float32)</translation>
    </message>
    <message>
        <source>%1 (%2 of all): %3 are −1, %4 are 0, %5 are +1</source>
        <translation>%1 (%2 von allen): %3 sind −1, %4 sind 0, %5 sind +1</translation>
    </message>
    <message>
        <source>none: its projections are plain</source>
        <translation>keine: Seine Projektionen sind gewöhnliche</translation>
    </message>
    <message>
        <source>yes: exports for other programs are approximate</source>
        <translation>ja: Exporte für andere Programme sind angenähert</translation>
    </message>
    <message>
        <source>none: exports are exact</source>
        <translation>keine: Exporte sind exakt</translation>
    </message>
    <message>
        <source>no tokenizer</source>
        <translation>kein Tokenizer</translation>
    </message>
    <message>
        <source>%1 (%2)</source>
        <translation>%1 (%2)</translation>
    </message>
    <message>
        <source>All checkpoints, curves and samples of the run go with it.</source>
        <translation>Alle Checkpoints, Kurven und Proben des Laufs gehen mit.</translation>
    </message>
    <message>
        <source>The run&apos;s curves and its other checkpoints stay.</source>
        <translation>Die Kurven des Laufs und seine anderen Checkpoints bleiben.</translation>
    </message>
    <message>
        <source>Delete &quot;%1&quot;?</source>
        <translation>„%1“ löschen?</translation>
    </message>
</context>
<context>
    <name>distillix::ui::NoticeBar</name>
    <message>
        <source>Close this message</source>
        <translation>Diese Meldung schließen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>distillix::ui::PreviewModel</name>
    <message>
        <source>not used</source>
        <translation>nicht verwendet</translation>
    </message>
    <message>
        <source>%1, used as: %2</source>
        <translation>%1, verwendet als: %2</translation>
    </message>
    <message>
        <source>Click to use the column &quot;%1&quot; as something else</source>
        <translation>Klicken, um die Spalte „%1“ anders zu verwenden</translation>
    </message>
</context>
<context>
    <name>distillix::ui::Project</name>
    <message>
        <source>%1: this is no project of this version of the studio.</source>
        <translation>%1: Das ist kein Projekt dieser Version des Studios.</translation>
    </message>
    <message>
        <source>%1: the folder cannot be made. Choose a place where you may write.</source>
        <translation>%1: Der Ordner lässt sich nicht anlegen. Wählen Sie einen Ort, an dem Sie schreiben dürfen.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::RefusalModel</name>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>Zeile</translation>
    </message>
    <message>
        <source>Why it cannot be used</source>
        <translation>Warum er unbrauchbar ist</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
</context>
<context>
    <name>distillix::ui::StatusBar</name>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>Running jobs</source>
        <translation>Laufende Aufgaben</translation>
    </message>
    <message>
        <source>What trainings and chats compute on</source>
        <translation>Womit Trainings und Chats rechnen</translation>
    </message>
    <message>
        <source>Memory in use</source>
        <translation>Belegter Speicher</translation>
    </message>
    <message>
        <source>Progress of the job</source>
        <translation>Fortschritt der Aufgabe</translation>
    </message>
    <message>
        <source>No project</source>
        <translation>Kein Projekt</translation>
    </message>
    <message>
        <source>Open a project</source>
        <translation>Ein Projekt öffnen</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
    <message numerus="yes">
        <source>  (and %n more)</source>
        <translation>
            <numerusform>  (und %n weitere)</numerusform>
            <numerusform>  (und %n weitere)</numerusform>
        </translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Memory in use by all programs; %1 are free for a training</source>
        <translation>Von allen Programmen belegter Speicher; %1 sind für ein Training frei</translation>
    </message>
    <message>
        <source>looking for devices…</source>
        <translation>Geräte werden gesucht …</translation>
    </message>
    <message>
        <source>device unknown</source>
        <translation>Gerät unbekannt</translation>
    </message>
</context>
<context>
    <name>distillix::ui::Studio</name>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Lauf</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>&amp;New project…</source>
        <translation>&amp;Neues Projekt …</translation>
    </message>
    <message>
        <source>&amp;Open project…</source>
        <translation>Projekt &amp;öffnen …</translation>
    </message>
    <message>
        <source>Import &amp;dataset…</source>
        <translation>&amp;Datensatz importieren …</translation>
    </message>
    <message>
        <source>Import &amp;model…</source>
        <translation>&amp;Modell importieren …</translation>
    </message>
    <message>
        <source>&amp;GGUF…</source>
        <translation>&amp;GGUF …</translation>
    </message>
    <message>
        <source>Export a model for llama.cpp and Ollama</source>
        <translation>Ein Modell für llama.cpp und Ollama exportieren</translation>
    </message>
    <message>
        <source>&amp;safetensors…</source>
        <translation>&amp;safetensors …</translation>
    </message>
    <message>
        <source>Export a model as one file</source>
        <translation>Ein Modell als eine Datei exportieren</translation>
    </message>
    <message>
        <source>&amp;Hugging Face folder…</source>
        <translation>&amp;Hugging-Face-Ordner …</translation>
    </message>
    <message>
        <source>Export a model for transformers</source>
        <translation>Ein Modell für transformers exportieren</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>Trainings go on</source>
        <translation>Trainings laufen weiter</translation>
    </message>
    <message>
        <source>&amp;Start training</source>
        <translation>Training &amp;starten</translation>
    </message>
    <message>
        <source>&amp;Resume</source>
        <translation>&amp;Fortsetzen</translation>
    </message>
    <message>
        <source>Go on with a paused or interrupted training</source>
        <translation>Ein angehaltenes oder unterbrochenes Training fortsetzen</translation>
    </message>
    <message>
        <source>&amp;Pause</source>
        <translation>&amp;Pause</translation>
    </message>
    <message>
        <source>S&amp;top…</source>
        <translation>&amp;Anhalten …</translation>
    </message>
    <message>
        <source>End the training behind a checkpoint</source>
        <translation>Das Training nach einem Checkpoint beenden</translation>
    </message>
    <message>
        <source>Save &amp;checkpoint</source>
        <translation>&amp;Checkpoint sichern</translation>
    </message>
    <message>
        <source>Sa&amp;mple now</source>
        <translation>Jetzt &amp;Probe nehmen</translation>
    </message>
    <message>
        <source>Let the model answer as it is now</source>
        <translation>Das Modell in seinem jetzigen Stand antworten lassen</translation>
    </message>
    <message>
        <source>&amp;Data</source>
        <translation>&amp;Daten</translation>
    </message>
    <message>
        <source>&amp;Train</source>
        <translation>&amp;Training</translation>
    </message>
    <message>
        <source>&amp;Benchmark</source>
        <translation>&amp;Benchmark</translation>
    </message>
    <message>
        <source>&amp;Chat</source>
        <translation>&amp;Chat</translation>
    </message>
    <message>
        <source>&amp;Library</source>
        <translation>B&amp;ibliothek</translation>
    </message>
    <message>
        <source>Theme as the &amp;desktop has it</source>
        <translation>Wie die &amp;Arbeitsumgebung</translation>
    </message>
    <message>
        <source>&amp;Light theme</source>
        <translation>&amp;Hell</translation>
    </message>
    <message>
        <source>Da&amp;rk theme</source>
        <translation>D&amp;unkel</translation>
    </message>
    <message>
        <source>Zoom &amp;in</source>
        <translation>&amp;Vergrößern</translation>
    </message>
    <message>
        <source>Zoom &amp;out</source>
        <translation>Ver&amp;kleinern</translation>
    </message>
    <message>
        <source>Zoom &amp;100%</source>
        <translation>Größe &amp;100 %</translation>
    </message>
    <message>
        <source>&amp;Rail of pages</source>
        <translation>&amp;Seitenleiste</translation>
    </message>
    <message>
        <source>&amp;Status bar</source>
        <translation>Status&amp;leiste</translation>
    </message>
    <message>
        <source>&amp;Full screen</source>
        <translation>V&amp;ollbild</translation>
    </message>
    <message>
        <source>&amp;Guide</source>
        <translation>&amp;Anleitung</translation>
    </message>
    <message>
        <source>Keyboard &amp;shortcuts</source>
        <translation>&amp;Tastenkürzel</translation>
    </message>
    <message>
        <source>System &amp;report…</source>
        <translation>&amp;Systembericht …</translation>
    </message>
    <message>
        <source>What this machine and this build are, to copy into a report</source>
        <translation>Was dieser Rechner und dieses Programm sind, zum Kopieren in eine Meldung</translation>
    </message>
    <message>
        <source>&amp;About Distillix Studio</source>
        <translation>&amp;Über Distillix Studio</translation>
    </message>
    <message>
        <source>&amp;Find a command…</source>
        <translation>&amp;Befehl suchen …</translation>
    </message>
    <message>
        <source>The project could not be opened. %1</source>
        <translation>Das Projekt ließ sich nicht öffnen. %1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::VerbProcess</name>
    <message>
        <source>The command line could not be started: %1. It belongs beside the studio; DISTILLIX_CLI names another place.</source>
        <translation>Das Kommandozeilenprogramm ließ sich nicht starten: %1. Es gehört neben das Studio; DISTILLIX_CLI nennt einen anderen Ort.</translation>
    </message>
    <message>
        <source>A line that is too long was passed over.</source>
        <translation>Eine zu lange Zeile wurde übergangen.</translation>
    </message>
    <message>
        <source>The child prints what is no JSON; more of it is passed over.</source>
        <translation>Der Prozess gibt etwas aus, das kein JSON ist; Weiteres davon wird übergangen.</translation>
    </message>
    <message>
        <source>The child printed more than can be read, and was ended.</source>
        <translation>Der Prozess gab mehr aus, als sich lesen lässt, und wurde beendet.</translation>
    </message>
    <message>
        <source>It did not answer when it was asked to stop, and was killed.</source>
        <translation>Auf die Bitte anzuhalten kam keine Antwort; der Prozess wurde abgebrochen.</translation>
    </message>
    <message>
        <source>Cancelled.</source>
        <translation>Abgebrochen.</translation>
    </message>
    <message>
        <source>The process was ended by %1 (signal %2).</source>
        <translation>Der Prozess wurde durch %1 beendet (Signal %2).</translation>
    </message>
    <message>
        <source>The system does that where memory runs out.</source>
        <translation>Das tut das System, wenn der Speicher ausgeht.</translation>
    </message>
    <message>
        <source>The process ended with code %1 and gave no result.</source>
        <translation>Der Prozess endete mit dem Code %1 und ohne Ergebnis.</translation>
    </message>
    <message>
        <source>%1 could not be started: %2</source>
        <translation>%1 ließ sich nicht starten: %2</translation>
    </message>
</context>
<context>
    <name>distillix::ui::WeightsModel</name>
    <message>
        <source>γ: what the ternary weights are multiplied with</source>
        <translation>γ: womit die ternären Gewichte multipliziert werden</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>Form</translation>
    </message>
    <message>
        <source>RMS</source>
        <translation>RMS</translation>
    </message>
    <message>
        <source>Largest</source>
        <translation>Größtes</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>Skala</translation>
    </message>
    <message>
        <source>−1</source>
        <translation>−1</translation>
    </message>
    <message>
        <source>0</source>
        <translation>0</translation>
    </message>
    <message>
        <source>+1</source>
        <translation>+1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::Welcome</name>
    <message>
        <source>Train a small language model</source>
        <translation>Trainieren Sie ein kleines Sprachmodell</translation>
    </message>
    <message>
        <source>Bring text or code, train a ternary model on it on this machine, watch it learn, talk with it, and take it with you as GGUF. Nothing leaves this computer.</source>
        <translation>Bringen Sie Text oder Quelltext mit, trainieren Sie auf diesem Rechner ein ternäres Modell damit, sehen Sie ihm beim Lernen zu, reden Sie mit ihm und nehmen Sie es als GGUF mit. Nichts verlässt diesen Rechner.</translation>
    </message>
    <message>
        <source>Try it with the sample project</source>
        <translation>Mit dem Beispielprojekt ausprobieren</translation>
    </message>
    <message>
        <source>Composes small Python exercises in %1, makes a dataset of them and trains a model of two million parameters for two minutes.</source>
        <translation>Stellt in %1 kleine Python-Aufgaben zusammen, macht daraus einen Datensatz und trainiert zwei Minuten lang ein Modell mit zwei Millionen Parametern.</translation>
    </message>
    <message>
        <source>New project…</source>
        <translation>Neues Projekt …</translation>
    </message>
    <message>
        <source>Open project…</source>
        <translation>Projekt öffnen …</translation>
    </message>
    <message>
        <source>Progress of the sample project</source>
        <translation>Fortschritt des Beispielprojekts</translation>
    </message>
    <message>
        <source>Preparing the sample project</source>
        <translation>Das Beispielprojekt wird vorbereitet</translation>
    </message>
    <message>
        <source>Composing exercises…</source>
        <translation>Aufgaben werden zusammengestellt …</translation>
    </message>
    <message>
        <source>Making a dataset of them…</source>
        <translation>Daraus wird ein Datensatz …</translation>
    </message>
    <message>
        <source>Starting the training…</source>
        <translation>Das Training wird gestartet …</translation>
    </message>
    <message>
        <source>%1 cannot be made. DISTILLIX_SAMPLE_PROJECT names another place.</source>
        <translation>%1 lässt sich nicht anlegen. DISTILLIX_SAMPLE_PROJECT nennt einen anderen Ort.</translation>
    </message>
</context>
<context>
    <name>export</name>
    <message>
        <source>2.06 bits a weight, without loss for ternary weights; the fastest in llama.cpp</source>
        <translation>2,06 Bit je Gewicht, verlustfrei für ternäre Gewichte; in llama.cpp das schnellste</translation>
    </message>
    <message>
        <source>1.69 bits a weight, without loss for ternary weights; the smallest</source>
        <translation>1,69 Bit je Gewicht, verlustfrei für ternäre Gewichte; das kleinste</translation>
    </message>
    <message>
        <source>8.5 bits a weight; runs in every build of llama.cpp</source>
        <translation>8,5 Bit je Gewicht; läuft in jedem llama.cpp</translation>
    </message>
    <message>
        <source>16 bits a weight</source>
        <translation>16 Bit je Gewicht</translation>
    </message>
    <message>
        <source>16 bits a weight, of less precision and more range</source>
        <translation>16 Bit je Gewicht, weniger genau und mit größerem Bereich</translation>
    </message>
    <message>
        <source>32 bits a weight</source>
        <translation>32 Bit je Gewicht</translation>
    </message>
    <message>
        <source>32 bits a weight: the weights as training has them</source>
        <translation>32 Bit je Gewicht: die Gewichte, wie das Training sie hat</translation>
    </message>
</context>
<context>
    <name>format</name>
    <message>
        <source>%1 bytes</source>
        <translation>%1 Bytes</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 s</translation>
    </message>
    <message>
        <source>%1 min</source>
        <translation>%1 min</translation>
    </message>
    <message>
        <source>%1 min %2 s</source>
        <translation>%1 min %2 s</translation>
    </message>
    <message>
        <source>%1 h</source>
        <translation>%1 h</translation>
    </message>
    <message>
        <source>%1 h %2 min</source>
        <translation>%1 h %2 min</translation>
    </message>
    <message>
        <source>%1 d %2 h</source>
        <translation>%1 Tg. %2 h</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>gerade eben</translation>
    </message>
    <message>
        <source>%1 min ago</source>
        <translation>vor %1 min</translation>
    </message>
    <message>
        <source>today %1</source>
        <translation>heute %1</translation>
    </message>
    <message>
        <source>yesterday %1</source>
        <translation>gestern %1</translation>
    </message>
</context>
<context>
    <name>help</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Guide</source>
        <translation>Anleitung</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Commands and their shortcuts</source>
        <translation>Befehle und ihre Tastenkürzel</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>System report</source>
        <translation>Systembericht</translation>
    </message>
    <message>
        <source>For a report of a problem. It names this machine and this build, and none of your files.</source>
        <translation>Für die Meldung eines Problems. Er nennt diesen Rechner und dieses Programm, aber keine Ihrer Dateien.</translation>
    </message>
    <message>
        <source>The report</source>
        <translation>Der Bericht</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Distillix Studio</source>
        <translation>Distillix Studio</translation>
    </message>
    <message>
        <source>Version %1</source>
        <translation>Version %1</translation>
    </message>
    <message>
        <source>Trains small language models with ternary weights on your own text or code, and lets you talk to them. Everything runs on this machine.</source>
        <translation>Trainiert kleine Sprachmodelle mit ternären Gewichten an Ihrem eigenen Text oder Quelltext und lässt Sie mit ihnen reden. Alles läuft auf diesem Rechner.</translation>
    </message>
    <message>
        <source>The window is free software under the GNU General Public License, version 3 or later; the engine, distillix, under the Apache License 2.0. Built with Qt %1 and QCustomPlot.</source>
        <translation>Das Fenster ist freie Software unter der GNU General Public License, Version 3 oder später; die Rechenmaschine, distillix, unter der Apache-Lizenz 2.0. Gebaut mit Qt %1 und QCustomPlot.</translation>
    </message>
</context>
<context>
    <name>import</name>
    <message>
        <source>Prompt</source>
        <translation>Prompt</translation>
    </message>
    <message>
        <source>Response</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Several responses</source>
        <translation>Mehrere Antworten</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Nachrichten</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>System message</source>
        <translation>Systemnachricht</translation>
    </message>
    <message>
        <source>Test of the answer</source>
        <translation>Prüfung der Antwort</translation>
    </message>
    <message>
        <source>As detected</source>
        <translation>Wie erkannt</translation>
    </message>
    <message>
        <source>Prompt and response</source>
        <translation>Prompt und Antwort</translation>
    </message>
    <message>
        <source>Prompt, several teachers&apos; responses</source>
        <translation>Prompt, Antworten mehrerer Lehrer</translation>
    </message>
    <message>
        <source>Messages (OpenAI, ChatML)</source>
        <translation>Nachrichten (OpenAI, ChatML)</translation>
    </message>
    <message>
        <source>Alpaca</source>
        <translation>Alpaca</translation>
    </message>
    <message>
        <source>ShareGPT</source>
        <translation>ShareGPT</translation>
    </message>
</context>
<context>
    <name>main</name>
    <message>
        <source>Train small ternary language models and talk to them.</source>
        <translation>Kleine ternäre Sprachmodelle trainieren und mit ihnen reden.</translation>
    </message>
    <message>
        <source>The project&apos;s folder.</source>
        <translation>Der Ordner des Projekts.</translation>
    </message>
    <message>
        <source>Open a window of its own beside one that is open.</source>
        <translation>Ein eigenes Fenster neben einem offenen öffnen.</translation>
    </message>
    <message>
        <source>Keep the window&apos;s settings in this file.</source>
        <translation>Die Einstellungen des Fensters in dieser Datei halten.</translation>
    </message>
</context>
<context>
    <name>removal</name>
    <message>
        <source>%1 could not be deleted: %2</source>
        <translation>%1 ließ sich nicht löschen: %2</translation>
    </message>
    <message>
        <source>%1 could not be deleted whole: %2</source>
        <translation>%1 ließ sich nicht vollständig löschen: %2</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>%1 will be freed. This cannot be undone.</source>
        <translation>%1 werden frei. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
</context>
</TS>
