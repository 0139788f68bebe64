<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en">
<context>
    <name>RunDialogs</name>
    <message>
        <source>Stop the training</source>
        <translation>Training beenden</translation>
    </message>
    <message>
        <source>It finishes its step and writes a checkpoint, from which it can be resumed at any time, bit for bit.</source>
        <translation>Es beendet seinen Schritt und schreibt einen Checkpoint, von dem aus es jederzeit bitgenau fortgesetzt werden kann.</translation>
    </message>
    <message>
        <source>Kept besides: the checkpoints of step %1; all metrics, samples and the log.</source>
        <translation>Außerdem bleiben: die Checkpoints der Schritte %1; alle Messwerte, Proben und das Protokoll.</translation>
    </message>
    <message>
        <source>Kept besides: all metrics, samples and the log.</source>
        <translation>Außerdem bleiben: alle Messwerte, Proben und das Protokoll.</translation>
    </message>
    <message>
        <source>Stop “%1” at step %2?</source>
        <translation>„%1“ bei Schritt %2 beenden?</translation>
    </message>
    <message>
        <source>Stop and keep</source>
        <translation>Beenden und behalten</translation>
    </message>
    <message>
        <source>Ask the model as it is now</source>
        <translation>Das Modell fragen, wie es jetzt ist</translation>
    </message>
    <message>
        <source>A question, as its chat template puts it</source>
        <translation>Eine Frage, wie die Chat-Vorlage sie stellt</translation>
    </message>
    <message>
        <source>A text to go on from</source>
        <translation>Ein Text, der fortgesetzt wird</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>Temperatur</translation>
    </message>
    <message>
        <source>Longest answer, tokens</source>
        <translation>Längste Antwort, Token</translation>
    </message>
    <message>
        <source>It is answered between two steps and stands among the samples.</source>
        <translation>Die Antwort kommt zwischen zwei Schritten und steht bei den Proben.</translation>
    </message>
    <message>
        <source>Ask</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>Change the training</source>
        <translation>Training ändern</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>÷ 2</source>
        <translation>÷ 2</translation>
    </message>
    <message>
        <source>× 2</source>
        <translation>× 2</translation>
    </message>
    <message>
        <source>Peak learning rate</source>
        <translation>Höchste Lernrate</translation>
    </message>
    <message>
        <source>Steps in all (0: by time)</source>
        <translation>Schritte insgesamt (0: nach Zeit)</translation>
    </message>
    <message>
        <source>Minutes in all (0: by steps)</source>
        <translation>Minuten insgesamt (0: nach Schritten)</translation>
    </message>
    <message>
        <source>Holds from the next step on. AdamW&apos;s rate changes in the same proportion; the schedule goes on from where it is. It is marked on the curves, and a resumed run does the same.</source>
        <translation>Gilt ab dem nächsten Schritt. Die Rate von AdamW ändert sich im gleichen Verhältnis; der Verlauf geht von seiner Stelle aus weiter. Die Änderung ist auf den Kurven markiert, und ein fortgesetzter Lauf macht dasselbe.</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Ändern</translation>
    </message>
</context>
<context>
    <name>cost</name>
    <message>
        <source>Weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>Gradients</source>
        <translation>Gradienten</translation>
    </message>
    <message>
        <source>Optimizer</source>
        <translation>Optimierer</translation>
    </message>
    <message>
        <source>Activations</source>
        <translation>Aktivierungen</translation>
    </message>
    <message>
        <source>Working room</source>
        <translation>Arbeitsraum</translation>
    </message>
</context>
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
    <name>distillix::ui::BenchForm</name>
    <message>
        <source>The published tables</source>
        <translation>Die veröffentlichten Tabellen</translation>
    </message>
    <message>
        <source>Answering speed</source>
        <translation>Tempo beim Antworten</translation>
    </message>
    <message>
        <source>Training speed</source>
        <translation>Tempo beim Training</translation>
    </message>
    <message>
        <source>What to measure</source>
        <translation>Was gemessen wird</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Devices</source>
        <translation>Geräte</translation>
    </message>
    <message>
        <source>all; or 1, 2, 4</source>
        <translation>alle; oder 1, 2, 4</translation>
    </message>
    <message>
        <source>Threads</source>
        <translation>Threads</translation>
    </message>
    <message>
        <source>Tables</source>
        <translation>Tabellen</translation>
    </message>
    <message>
        <source>Inference by length</source>
        <translation>Inferenz nach Länge</translation>
    </message>
    <message>
        <source>Summary</source>
        <translation>Zusammenfassung</translation>
    </message>
    <message>
        <source>Versions (trains)</source>
        <translation>Versionen (trainiert)</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Curves (trains)</source>
        <translation>Kurven (trainiert)</translation>
    </message>
    <message>
        <source>Configuration of v0.4</source>
        <translation>Konfiguration von v0.4</translation>
    </message>
    <message>
        <source>Minutes that each scaled run trains for the curves; 0: none</source>
        <translation>Minuten, die jeder kleinere Lauf für die Kurven trainiert; 0: keiner</translation>
    </message>
    <message>
        <source>A scaled run</source>
        <translation>Ein kleinerer Lauf</translation>
    </message>
    <message>
        <source>Beside v0.3&apos;s curve</source>
        <translation>Neben der Kurve von v0.3</translation>
    </message>
    <message>
        <source>Beside v0.4&apos;s curve</source>
        <translation>Neben der Kurve von v0.4</translation>
    </message>
    <message>
        <source>Tests</source>
        <translation>Messungen</translation>
    </message>
    <message>
        <source>Forward: logits of all positions</source>
        <translation>Forward: Logits aller Stellen</translation>
    </message>
    <message>
        <source>Prefill: reading a prompt</source>
        <translation>Prefill: eine Eingabe lesen</translation>
    </message>
    <message>
        <source>Decode: a token at a time</source>
        <translation>Decode: Token um Token</translation>
    </message>
    <message>
        <source>Sequence lengths</source>
        <translation>Sequenzlängen</translation>
    </message>
    <message>
        <source>Tokens that decode draws</source>
        <translation>Token, die Decode zieht</translation>
    </message>
    <message>
        <source>Sequences a micro-step</source>
        <translation>Sequenzen je Mikroschritt</translation>
    </message>
    <message>
        <source>Sequence length</source>
        <translation>Sequenzlänge</translation>
    </message>
    <message>
        <source>Repetitions, of which the median counts</source>
        <translation>Wiederholungen, deren Median zählt</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>Messen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Choose a model and a device</source>
        <translation>Wählen Sie ein Modell und ein Gerät</translation>
    </message>
    <message>
        <source>Every table that the Python original published of itself, with this machine&apos;s figures beside it. The 100M model takes minutes on a processor; the curves train two small runs on the way.</source>
        <translation>Jede Tabelle, die das Python-Original über sich veröffentlicht hat, daneben die Zahlen dieses Rechners. Das 100M-Modell braucht auf einem Prozessor Minuten; für die Kurven werden zwei kleine Läufe trainiert.</translation>
    </message>
    <message>
        <source>How many tokens a second a model reads and writes here, and what of the machine&apos;s peaks that is.</source>
        <translation>Wie viele Token je Sekunde ein Modell hier liest und schreibt und welchen Anteil an den Höchstwerten des Rechners das ausmacht.</translation>
    </message>
    <message>
        <source>How fast a preset trains here: a micro-step, an optimizer step, and where the time goes.</source>
        <translation>Wie schnell eine Vorgabe hier trainiert: ein Mikroschritt, ein Optimiererschritt und wohin die Zeit geht.</translation>
    </message>
    <message>
        <source>Random weights of the preset %1</source>
        <translation>Zufällige Gewichte der Vorgabe %1</translation>
    </message>
    <message>
        <source>%1, random weights</source>
        <translation>%1, zufällige Gewichte</translation>
    </message>
    <message>
        <source>Run %1</source>
        <translation>Lauf %1</translation>
    </message>
    <message>
        <source>%1, %2 threads</source>
        <translation>%1, %2 Threads</translation>
    </message>
</context>
<context>
    <name>distillix::ui::BenchmarkPage</name>
    <message>
        <source>Ending…</source>
        <translation>Wird beendet …</translation>
    </message>
    <message>
        <source>: %1 of %2 %3</source>
        <translation>: %1 von %2 %3</translation>
    </message>
    <message>
        <source>%1 of %2 · </source>
        <translation>%1 von %2 · </translation>
    </message>
    <message>
        <source>Nothing has been measured here yet</source>
        <translation>Hier wurde noch nichts gemessen</translation>
    </message>
    <message>
        <source>Choose models on the left and measure. What is measured is kept, with machine, build and model in every row.</source>
        <translation>Wählen Sie links Modelle und messen Sie. Was gemessen wird, bleibt erhalten, mit Rechner, Fassung und Modell in jeder Zeile.</translation>
    </message>
    <message>
        <source>Copy as Markdown</source>
        <translation>Als Markdown kopieren</translation>
    </message>
    <message>
        <source>Save CSV…</source>
        <translation>CSV sichern …</translation>
    </message>
    <message>
        <source>Which measurement stands beside the published figures</source>
        <translation>Welche Messung neben den veröffentlichten Zahlen steht</translation>
    </message>
    <message>
        <source>Tokens a second by sequence length</source>
        <translation>Token je Sekunde nach Sequenzlänge</translation>
    </message>
    <message>
        <source>Sequence length</source>
        <translation>Sequenzlänge</translation>
    </message>
    <message>
        <source>Training loss, v0.3 and here</source>
        <translation>Trainingsverlust, v0.3 und hier</translation>
    </message>
    <message>
        <source>Micro-step</source>
        <translation>Mikroschritt</translation>
    </message>
    <message>
        <source>Training loss, v0.4 and here</source>
        <translation>Trainingsverlust, v0.4 und hier</translation>
    </message>
    <message>
        <source>Beside the published figures</source>
        <translation>Neben den veröffentlichten Zahlen</translation>
    </message>
    <message>
        <source>Several lengths make a curve</source>
        <translation>Mehrere Längen ergeben eine Kurve</translation>
    </message>
    <message>
        <source>Then</source>
        <translation>Damals</translation>
    </message>
    <message>
        <source>Now</source>
        <translation>Jetzt</translation>
    </message>
    <message>
        <source>Two measurements of the same cases can be set side by side: of other dates, builds, numbers of threads or machines.</source>
        <translation>Zwei Messungen derselben Fälle lassen sich nebeneinander stellen: anderer Tage, Fassungen, Thread-Zahlen oder Rechner.</translation>
    </message>
    <message>
        <source>Published</source>
        <translation>Veröffentlicht</translation>
    </message>
    <message>
        <source>Measured</source>
        <translation>Gemessen</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Benchmark</source>
        <translation>Benchmark</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Startet …</translation>
    </message>
    <message numerus="yes">
        <source>%n measured</source>
        <translation>
            <numerusform>%n gemessen</numerusform>
            <numerusform>%n gemessen</numerusform>
        </translation>
    </message>
    <message>
        <source>Cancelled; nothing was kept of it</source>
        <translation>Abgebrochen; nichts davon wurde behalten</translation>
    </message>
    <message>
        <source>The benchmark failed: %1</source>
        <translation>Der Benchmark ist gescheitert: %1</translation>
    </message>
    <message>
        <source>nothing measured yet</source>
        <translation>noch nichts gemessen</translation>
    </message>
    <message>
        <source>Here</source>
        <translation>Hier</translation>
    </message>
    <message>
        <source>, %1 threads</source>
        <translation>, %1 Threads</translation>
    </message>
    <message>
        <source>Copied as Markdown</source>
        <translation>Als Markdown kopiert</translation>
    </message>
    <message>
        <source>Save the tables</source>
        <translation>Tabellen sichern</translation>
    </message>
    <message>
        <source>CSV (*.csv)</source>
        <translation>CSV (*.csv)</translation>
    </message>
    <message>
        <source>Saved %1</source>
        <translation>%1 gesichert</translation>
    </message>
</context>
<context>
    <name>distillix::ui::Chart</name>
    <message>
        <source>Chart: %1</source>
        <translation>Diagramm: %1</translation>
    </message>
    <message>
        <source>This chart alone, or all of them</source>
        <translation>Dieses Diagramm allein oder alle</translation>
    </message>
    <message>
        <source>Save this chart</source>
        <translation>Dieses Diagramm sichern</translation>
    </message>
    <message>
        <source>last value %1</source>
        <translation>letzter Wert %1</translation>
    </message>
    <message>
        <source>not finite</source>
        <translation>nicht endlich</translation>
    </message>
    <message>
        <source>and %1 more</source>
        <translation>und %1 weitere</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ChartBoard</name>
    <message>
        <source>Horizontal axis</source>
        <translation>Waagerechte Achse</translation>
    </message>
    <message>
        <source>log x</source>
        <translation>log x</translation>
    </message>
    <message>
        <source>Logarithmic horizontal axis</source>
        <translation>Logarithmische waagerechte Achse</translation>
    </message>
    <message>
        <source>log y</source>
        <translation>log y</translation>
    </message>
    <message>
        <source>Logarithmic vertical axes</source>
        <translation>Logarithmische senkrechte Achsen</translation>
    </message>
    <message>
        <source>Clip outliers</source>
        <translation>Ausreißer kappen</translation>
    </message>
    <message>
        <source>Leave outliers out of the vertical ranges</source>
        <translation>Ausreißer aus den senkrechten Bereichen lassen</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>Glättung</translation>
    </message>
    <message>
        <source>Exponential moving average, bias-corrected as TensorBoard&apos;s; what lies behind it stays faint</source>
        <translation>Exponentiell gleitender Mittelwert, am Anfang berichtigt wie bei TensorBoard; was dahinter liegt, bleibt blass</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Einpassen</translation>
    </message>
    <message>
        <source>Show everything and follow what comes (double-click, or F in a chart)</source>
        <translation>Alles zeigen und dem folgen, was kommt (Doppelklick oder F in einem Diagramm)</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>Sichern …</translation>
    </message>
    <message>
        <source>All charts as PNG, PDF or CSV</source>
        <translation>Alle Diagramme als PNG, PDF oder CSV</translation>
    </message>
    <message>
        <source>Save the chart</source>
        <translation>Diagramm sichern</translation>
    </message>
    <message>
        <source>Save the charts</source>
        <translation>Diagramme sichern</translation>
    </message>
    <message>
        <source>Picture, PDF or numbers (*.png *.pdf *.csv)</source>
        <translation>Bild, PDF oder Zahlen (*.png *.pdf *.csv)</translation>
    </message>
    <message>
        <source>The name must end in .png, .pdf or .csv.</source>
        <translation>Der Name muss auf .png, .pdf oder .csv enden.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ChatPage</name>
    <message>
        <source>This conversation cannot be read, and is left as it is: %1</source>
        <translation>Dieses Gespräch lässt sich nicht lesen und bleibt, wie es ist: %1</translation>
    </message>
    <message>
        <source>The conversation could not be saved: %1</source>
        <translation>Das Gespräch konnte nicht gespeichert werden: %1</translation>
    </message>
    <message>
        <source>%1 is no conversation: %2</source>
        <translation>%1 ist kein Gespräch: %2</translation>
    </message>
    <message>
        <source>Conversations appear here as soon as something is said.</source>
        <translation>Gespräche erscheinen hier, sobald etwas gesagt ist.</translation>
    </message>
    <message>
        <source>Nothing was found.</source>
        <translation>Nichts gefunden.</translation>
    </message>
    <message>
        <source>New conversation</source>
        <translation>Neues Gespräch</translation>
    </message>
    <message>
        <source>Search conversations</source>
        <translation>Gespräche durchsuchen</translation>
    </message>
    <message>
        <source>Search conversations by title and content</source>
        <translation>Gespräche nach Titel und Inhalt durchsuchen</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Leeren</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>Gespräche</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen …</translation>
    </message>
    <message>
        <source>Import a conversation…</source>
        <translation>Gespräch importieren …</translation>
    </message>
    <message>
        <source>The conversation&apos;s title</source>
        <translation>Titel des Gesprächs</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Two models answer the same question, beside each other</source>
        <translation>Zwei Modelle beantworten dieselbe Frage nebeneinander</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren …</translation>
    </message>
    <message>
        <source>Save the conversation as JSON or Markdown</source>
        <translation>Das Gespräch als JSON oder Markdown sichern</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>How the model is asked</source>
        <translation>Wie das Modell gefragt wird</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>Ctrl+Shift+O</source>
        <translation>Ctrl+Shift+O</translation>
    </message>
    <message>
        <source>Ctrl+Shift+F</source>
        <translation>Ctrl+Shift+F</translation>
    </message>
    <message>
        <source>Choose the model</source>
        <translation>Modell wählen</translation>
    </message>
    <message>
        <source>Ctrl+Shift+L</source>
        <translation>Ctrl+Shift+L</translation>
    </message>
    <message>
        <source>Compare two models</source>
        <translation>Zwei Modelle vergleichen</translation>
    </message>
    <message>
        <source>Ctrl+Shift+D</source>
        <translation>Ctrl+Shift+D</translation>
    </message>
    <message>
        <source>Show or hide how the model is asked</source>
        <translation>Zeigen oder verbergen, wie das Modell gefragt wird</translation>
    </message>
    <message>
        <source>Ctrl+Shift+H</source>
        <translation>Ctrl+Shift+H</translation>
    </message>
    <message>
        <source>Stop the answer</source>
        <translation>Antwort abbrechen</translation>
    </message>
    <message>
        <source>Ctrl+.</source>
        <translation>Ctrl+.</translation>
    </message>
    <message>
        <source>Answer again</source>
        <translation>Noch einmal antworten</translation>
    </message>
    <message>
        <source>Ctrl+Shift+Backspace</source>
        <translation>Ctrl+Shift+Backspace</translation>
    </message>
    <message>
        <source>Export the conversation…</source>
        <translation>Gespräch exportieren …</translation>
    </message>
    <message>
        <source>Ctrl+Alt+X</source>
        <translation>Ctrl+Alt+X</translation>
    </message>
    <message>
        <source>Ctrl+Alt+I</source>
        <translation>Ctrl+Alt+I</translation>
    </message>
    <message>
        <source>Delete the conversation…</source>
        <translation>Gespräch löschen …</translation>
    </message>
    <message>
        <source>Ctrl+Alt+W</source>
        <translation>Ctrl+Alt+W</translation>
    </message>
    <message>
        <source>Open this page?</source>
        <translation>Diese Seite öffnen?</translation>
    </message>
    <message>
        <source>A link in the answer leads to:</source>
        <translation>Ein Verweis in der Antwort führt zu:</translation>
    </message>
    <message>
        <source>Open in the browser</source>
        <translation>Im Browser öffnen</translation>
    </message>
    <message>
        <source>Delete this conversation?</source>
        <translation>Dieses Gespräch löschen?</translation>
    </message>
    <message>
        <source>“%1” and all its branches will be deleted. This cannot be undone.</source>
        <translation>„%1“ wird mit allen Zweigen gelöscht. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Export the conversation</source>
        <translation>Gespräch exportieren</translation>
    </message>
    <message>
        <source>Conversation with all branches (*.json)</source>
        <translation>Gespräch mit allen Zweigen (*.json)</translation>
    </message>
    <message>
        <source>What is shown, as Markdown (*.md)</source>
        <translation>Was zu sehen ist, als Markdown (*.md)</translation>
    </message>
    <message>
        <source>Exported to %1</source>
        <translation>Exportiert nach %1</translation>
    </message>
    <message>
        <source>The conversation could not be exported: %1</source>
        <translation>Das Gespräch konnte nicht exportiert werden: %1</translation>
    </message>
    <message>
        <source>Import a conversation</source>
        <translation>Gespräch importieren</translation>
    </message>
    <message>
        <source>Conversations (*.json)</source>
        <translation>Gespräche (*.json)</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ChatPane</name>
    <message>
        <source>Try again</source>
        <translation>Noch einmal versuchen</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>Modell wählen</translation>
    </message>
    <message>
        <source>opening…</source>
        <translation>wird geöffnet …</translation>
    </message>
    <message>
        <source>training now: newer checkpoints are taken as they come</source>
        <translation>trainiert gerade: neuere Checkpoints werden übernommen, sobald sie da sind</translation>
    </message>
    <message>
        <source>Choose a model to talk to</source>
        <translation>Wählen Sie ein Modell für das Gespräch</translation>
    </message>
    <message>
        <source>A run, also one that is still training, one of its checkpoints, or an imported model.</source>
        <translation>Einen Lauf, auch einen, der noch trainiert, einen seiner Checkpoints oder ein importiertes Modell.</translation>
    </message>
    <message>
        <source>Talk to %1</source>
        <translation>Gespräch mit %1</translation>
    </message>
    <message>
        <source>Write how a text begins; the model goes on from there.</source>
        <translation>Schreiben Sie, wie ein Text beginnt; das Modell setzt ihn fort.</translation>
    </message>
    <message>
        <source>Ask a question below. Everything stays on this machine.</source>
        <translation>Stellen Sie unten eine Frage. Alles bleibt auf diesem Rechner.</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Liest …</translation>
    </message>
    <message>
        <source>Opening the model…</source>
        <translation>Das Modell wird geöffnet …</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ChatSettings</name>
    <message>
        <source>Longest answer (tokens)</source>
        <translation>Längste Antwort (Token)</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>Temperatur</translation>
    </message>
    <message>
        <source>Top k</source>
        <translation>Top k</translation>
    </message>
    <message>
        <source>Top p</source>
        <translation>Top p</translation>
    </message>
    <message>
        <source>Min p</source>
        <translation>Min p</translation>
    </message>
    <message>
        <source>Repetition penalty</source>
        <translation>Abzug für Wiederholung</translation>
    </message>
    <message>
        <source>Penalty window (tokens)</source>
        <translation>Fenster des Abzugs (Token)</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>When the context is full</source>
        <translation>Wenn der Kontext voll ist</translation>
    </message>
    <message>
        <source>Alternatives kept per token</source>
        <translation>Alternativen je Token</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>Ausgewogen</translation>
    </message>
    <message>
        <source>Precise</source>
        <translation>Genau</translation>
    </message>
    <message>
        <source>Inventive</source>
        <translation>Einfallsreich</translation>
    </message>
    <message>
        <source>How the model is asked</source>
        <translation>Wie das Modell gefragt wird</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>Questions and answers, put as the model&apos;s template has them</source>
        <translation>Fragen und Antworten, wie die Vorlage des Modells sie setzt</translation>
    </message>
    <message>
        <source>Completion</source>
        <translation>Fortsetzung</translation>
    </message>
    <message>
        <source>The text is simply continued, without a template: for base models</source>
        <translation>Der Text wird einfach fortgesetzt, ohne Vorlage: für Basismodelle</translation>
    </message>
    <message>
        <source>What the model is told before the conversation</source>
        <translation>Was dem Modell vor dem Gespräch gesagt wird</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Systemvorgabe</translation>
    </message>
    <message>
        <source>Put in front of every question of this conversation</source>
        <translation>Steht vor jeder Frage dieses Gesprächs</translation>
    </message>
    <message>
        <source>The model&apos;s own</source>
        <translation>Die des Modells</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keine</translation>
    </message>
    <message>
        <source>Chat template</source>
        <translation>Gesprächsvorlage</translation>
    </message>
    <message>
        <source>How questions and answers become one text</source>
        <translation>Wie aus Fragen und Antworten ein Text wird</translation>
    </message>
    <message>
        <source>Save or delete a preset</source>
        <translation>Voreinstellung sichern oder löschen</translation>
    </message>
    <message>
        <source>Save as a preset…</source>
        <translation>Als Voreinstellung sichern …</translation>
    </message>
    <message>
        <source>Delete this preset</source>
        <translation>Diese Voreinstellung löschen</translation>
    </message>
    <message>
        <source>Save as a preset</source>
        <translation>Als Voreinstellung sichern</translation>
    </message>
    <message>
        <source>Name of the preset</source>
        <translation>Name der Voreinstellung</translation>
    </message>
    <message>
        <source>Sampling preset</source>
        <translation>Voreinstellung</translation>
    </message>
    <message>
        <source>Drop the oldest turns</source>
        <translation>Älteste Beiträge weglassen</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>A new one each time</source>
        <translation>Jedes Mal ein neuer</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Own values</source>
        <translation>Eigene Werte</translation>
    </message>
    <message>
        <source>The model has no template: what is said is continued as one text.</source>
        <translation>Das Modell hat keine Vorlage: Was gesagt wird, wird als ein Text fortgesetzt.</translation>
    </message>
    <message>
        <source>In use: %1</source>
        <translation>In Gebrauch: %1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::CodeBlock</name>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy code</source>
        <translation>Code kopieren</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>text</source>
        <translation>Text</translation>
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
    <name>distillix::ui::Composer</name>
    <message>
        <source>Return sends, Shift+Return breaks the line</source>
        <translation>Eingabe sendet, Umschalt+Eingabe bricht um</translation>
    </message>
    <message>
        <source>Text to be continued; empty: go on</source>
        <translation>Text zum Fortsetzen; leer: weiter</translation>
    </message>
    <message>
        <source>Ask something</source>
        <translation>Fragen Sie etwas</translation>
    </message>
    <message>
        <source>Text to be continued</source>
        <translation>Text zum Fortsetzen</translation>
    </message>
    <message>
        <source>Your question</source>
        <translation>Ihre Frage</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Stop the answer (Escape)</source>
        <translation>Antwort abbrechen (Esc)</translation>
    </message>
    <message>
        <source>%1 of %2 tokens</source>
        <translation>%1 von %2 Token</translation>
    </message>
    <message>
        <source>: the oldest will be dropped</source>
        <translation>: das Älteste fällt weg</translation>
    </message>
    <message>
        <source>Context in use</source>
        <translation>Belegter Kontext</translation>
    </message>
    <message>
        <source>How much of what the model can see at once is filled</source>
        <translation>Wie viel von dem belegt ist, was das Modell auf einmal sieht</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ConversationList</name>
    <message>
        <source>Cannot be read: %1</source>
        <translation>Nicht lesbar: %1</translation>
    </message>
    <message>
        <source>New conversation</source>
        <translation>Neues Gespräch</translation>
    </message>
</context>
<context>
    <name>distillix::ui::CostCard</name>
    <message>
        <source>%1 ms</source>
        <translation>%1 ms</translation>
    </message>
    <message>
        <source>Try a step</source>
        <translation>Schritt probieren</translation>
    </message>
    <message>
        <source>Does one step on this machine and tells from it how long the training takes</source>
        <translation>Macht auf diesem Rechner einen Schritt und sagt daraus, wie lange das Training dauert</translation>
    </message>
    <message>
        <source>%1 parameters</source>
        <translation>%1 Parameter</translation>
    </message>
    <message>
        <source>Working out what it needs…</source>
        <translation>Bedarf wird ermittelt …</translation>
    </message>
    <message>
        <source>This cannot be trained</source>
        <translation>Das lässt sich nicht trainieren</translation>
    </message>
    <message>
        <source>fits</source>
        <translation>passt</translation>
    </message>
    <message>
        <source>tight</source>
        <translation>knapp</translation>
    </message>
    <message>
        <source>will not fit</source>
        <translation>passt nicht</translation>
    </message>
    <message>
        <source>%1 of memory, %2 are free · a checkpoint %3</source>
        <translation>%1 Speicher, %2 sind frei · ein Checkpoint %3</translation>
    </message>
    <message>
        <source>%1 tokens a step</source>
        <translation>%1 Token je Schritt</translation>
    </message>
    <message>
        <source> · %1 in %2 steps</source>
        <translation> · %1 in %2 Schritten</translation>
    </message>
    <message>
        <source> (%1 epochs)</source>
        <translation> (%1 Epochen)</translation>
    </message>
    <message>
        <source>Trying a step…</source>
        <translation>Ein Schritt wird probiert …</translation>
    </message>
    <message>
        <source>About %1 (%2 a step, tried here)</source>
        <translation>Etwa %1 (%2 je Schritt, hier probiert)</translation>
    </message>
    <message>
        <source>%1 a step, tried here</source>
        <translation>%1 je Schritt, hier probiert</translation>
    </message>
    <message>
        <source>%1, as asked</source>
        <translation>%1, wie verlangt</translation>
    </message>
    <message>
        <source>How long it takes, a trial step tells</source>
        <translation>Wie lange es dauert, sagt ein Probeschritt</translation>
    </message>
    <message>
        <source>The disk has room for %1; %2 checkpoints take %3. The training pauses where it is full.</source>
        <translation>Auf dem Datenträger ist Platz für %1; %2 Checkpoints brauchen %3. Das Training hält an, wo er voll ist.</translation>
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
    <message>
        <source>Train a tokenizer…</source>
        <translation>Tokenizer trainieren …</translation>
    </message>
    <message>
        <source>By itself, for several datasets; an import makes one of its own otherwise</source>
        <translation>Für sich, für mehrere Datensätze; sonst macht ein Import seinen eigenen</translation>
    </message>
    <message>
        <source>Open a project first: the tokenizer is put into it.</source>
        <translation>Öffnen Sie zuerst ein Projekt: Der Tokenizer kommt hinein.</translation>
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
</context>
<context>
    <name>distillix::ui::FieldRow</name>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>%1, in %2</source>
        <translation>%1, in %2</translation>
    </message>
    <message>
        <source>Back to the default of %1</source>
        <translation>Zurück zur Vorgabe von %1</translation>
    </message>
    <message>
        <source>must be a number</source>
        <translation>muss eine Zahl sein</translation>
    </message>
    <message>
        <source>In %1.</source>
        <translation>In %1.</translation>
    </message>
    <message>
        <source>%1 to %2.</source>
        <translation>%1 bis %2.</translation>
    </message>
    <message>
        <source>on</source>
        <translation>an</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>Default: %1.</source>
        <translation>Vorgabe: %1.</translation>
    </message>
    <message>
        <source>Back to the default: %1</source>
        <translation>Zurück zur Vorgabe: %1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::GaugeStrip</name>
    <message>
        <source>Time left</source>
        <translation>Restzeit</translation>
    </message>
    <message>
        <source>Tokens a second</source>
        <translation>Token je Sekunde</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Processors</source>
        <translation>Prozessoren</translation>
    </message>
    <message>
        <source>Share of the card&apos;s peak (MFU)</source>
        <translation>Anteil am Höchstwert der Karte (MFU)</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>not known yet</source>
        <translation>noch nicht bekannt</translation>
    </message>
    <message>
        <source>%1 a step</source>
        <translation>%1 je Schritt</translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation>%1 ms</translation>
    </message>
    <message>
        <source>peak %1, %2 free</source>
        <translation>höchstens %1, %2 frei</translation>
    </message>
    <message>
        <source>%1 free</source>
        <translation>%1 frei</translation>
    </message>
    <message>
        <source>this run %1 of %2</source>
        <translation>dieser Lauf %1 von %2</translation>
    </message>
    <message>
        <source>of %1</source>
        <translation>von %1</translation>
    </message>
    <message>
        <source>%1, memory</source>
        <translation>%1, Speicher</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Auslastung</translation>
    </message>
    <message>
        <source>Temperature, power</source>
        <translation>Temperatur, Leistung</translation>
    </message>
    <message>
        <source>held back: %1</source>
        <translation>gebremst: %1</translation>
    </message>
    <message>
        <source>%1 °C</source>
        <translation>%1 °C</translation>
    </message>
    <message>
        <source>%1 of %2 W</source>
        <translation>%1 von %2 W</translation>
    </message>
    <message>
        <source>%1 W</source>
        <translation>%1 W</translation>
    </message>
    <message>
        <source>of %1 TFLOP/s</source>
        <translation>von %1 TFLOP/s</translation>
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
        <source>Import</source>
        <translation>Importieren</translation>
    </message>
    <message>
        <source>Importing %1</source>
        <translation>%1 wird importiert</translation>
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
        <source>The dataset is ready: %1 documents, %2 tokens.</source>
        <translation>Der Datensatz ist fertig: %1 Dokumente, %2 Token.</translation>
    </message>
    <message>
        <source>Nothing of the import was kept.</source>
        <translation>Vom Import wurde nichts behalten.</translation>
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
    <name>distillix::ui::MarkdownView</name>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Show more (%L1 characters are left)</source>
        <translation>Mehr zeigen (noch %L1 Zeichen)</translation>
    </message>
</context>
<context>
    <name>distillix::ui::MemoryBar</name>
    <message>
        <source>Memory by part</source>
        <translation>Speicher nach Teilen</translation>
    </message>
</context>
<context>
    <name>distillix::ui::MessageView</name>
    <message>
        <source>%L1 ms</source>
        <translation>%L1 ms</translation>
    </message>
    <message>
        <source>%L1 s</source>
        <translation>%L1 s</translation>
    </message>
    <message>
        <source>Previous version</source>
        <translation>Vorige Fassung</translation>
    </message>
    <message>
        <source>Next version</source>
        <translation>Nächste Fassung</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Edit, as a new branch</source>
        <translation>Bearbeiten, als neuer Zweig</translation>
    </message>
    <message>
        <source>Edit the answer, as a new branch</source>
        <translation>Antwort bearbeiten, als neuer Zweig</translation>
    </message>
    <message>
        <source>Answer again, as a new branch</source>
        <translation>Noch einmal antworten, als neuer Zweig</translation>
    </message>
    <message>
        <source>Show probabilities, token by token</source>
        <translation>Wahrscheinlichkeiten zeigen, Token für Token</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Let the answer go on where it ended</source>
        <translation>Die Antwort da fortsetzen, wo sie endete</translation>
    </message>
    <message>
        <source>Delete, with everything below</source>
        <translation>Löschen, mit allem darunter</translation>
    </message>
    <message>
        <source>Version %1 of %2</source>
        <translation>Fassung %1 von %2</translation>
    </message>
    <message>
        <source>You: %1</source>
        <translation>Sie: %1</translation>
    </message>
    <message>
        <source>Answer: %1</source>
        <translation>Antwort: %1</translation>
    </message>
    <message>
        <source>It reached the longest answer that was allowed.</source>
        <translation>Die längste erlaubte Antwort ist erreicht.</translation>
    </message>
    <message>
        <source>The context is full.</source>
        <translation>Der Kontext ist voll.</translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation>Abgebrochen.</translation>
    </message>
    <message>
        <source>The model no longer saw the oldest message: the context is full.</source>
        <translation>Die älteste Nachricht sah das Modell nicht mehr: Der Kontext ist voll.</translation>
    </message>
    <message>
        <source>The model no longer saw the oldest %1 messages: the context is full.</source>
        <translation>Die ältesten %1 Nachrichten sah das Modell nicht mehr: Der Kontext ist voll.</translation>
    </message>
    <message>
        <source>%1 tokens/s</source>
        <translation>%1 Token/s</translation>
    </message>
    <message>
        <source>1 token</source>
        <translation>1 Token</translation>
    </message>
    <message>
        <source>%1 tokens</source>
        <translation>%1 Token</translation>
    </message>
    <message>
        <source>first after %1</source>
        <translation>erstes nach %1</translation>
    </message>
    <message>
        <source>The message&apos;s text</source>
        <translation>Text der Nachricht</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Keep as a branch</source>
        <translation>Als Zweig behalten</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ModelPicker</name>
    <message>
        <source>no checkpoint yet</source>
        <translation>noch kein Checkpoint</translation>
    </message>
    <message>
        <source>latest checkpoint, step %1</source>
        <translation>neuester Checkpoint, Schritt %1</translation>
    </message>
    <message>
        <source> · training, followed as it improves</source>
        <translation> · trainiert, wird laufend übernommen</translation>
    </message>
    <message>
        <source>%1 · step %2</source>
        <translation>%1 · Schritt %2</translation>
    </message>
    <message>
        <source>this checkpoint, as it is</source>
        <translation>dieser Checkpoint, wie er ist</translation>
    </message>
    <message>
        <source>imported model</source>
        <translation>importiertes Modell</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>Modell wählen</translation>
    </message>
    <message>
        <source>Model: %1</source>
        <translation>Modell: %1</translation>
    </message>
    <message>
        <source>Find a model</source>
        <translation>Modell suchen</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Leeren</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Another folder…</source>
        <translation>Anderer Ordner …</translation>
    </message>
    <message>
        <source>The project has no run with a checkpoint and no model yet. Train one, or import one.</source>
        <translation>Das Projekt hat noch keinen Lauf mit Checkpoint und kein Modell. Trainieren oder importieren Sie eines.</translation>
    </message>
    <message>
        <source>A model folder, a checkpoint or a run</source>
        <translation>Ein Modellordner, ein Checkpoint oder ein Lauf</translation>
    </message>
</context>
<context>
    <name>distillix::ui::ModelTalker</name>
    <message>
        <source>This run has no checkpoint yet. It can answer as soon as training has written one.</source>
        <translation>Dieser Lauf hat noch keinen Checkpoint. Er kann antworten, sobald das Training einen geschrieben hat.</translation>
    </message>
    <message>
        <source>%1 · step %L2</source>
        <translation>%1 · Schritt %L2</translation>
    </message>
    <message>
        <source>%1 is no model: it has no config.json</source>
        <translation>%1 ist kein Modell: Es hat keine config.json</translation>
    </message>
    <message>
        <source>%1 is not there any more</source>
        <translation>%1 ist nicht mehr da</translation>
    </message>
    <message>
        <source>The model was closed</source>
        <translation>Das Modell wurde geschlossen</translation>
    </message>
    <message>
        <source>The model&apos;s process ended</source>
        <translation>Der Prozess des Modells hat geendet</translation>
    </message>
    <message>
        <source>The model did not answer when it was asked to stop, and was ended. The next question starts it anew.</source>
        <translation>Das Modell reagierte nicht auf die Bitte aufzuhören und wurde beendet. Die nächste Frage startet es neu.</translation>
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
        <source>imported from %1 (%2)</source>
        <translation>importiert aus %1 (%2)</translation>
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
    <name>distillix::ui::NewRunForm</name>
    <message>
        <source>Import a dataset…</source>
        <translation>Datensatz importieren …</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Dataset</source>
        <translation>Datensatz</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Vorgabe</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>A soft-cap keeps scores within bounds by tanh, which steadies training at large rates. No program that runs GGUF or Hugging Face files has it for this architecture: a model trained without (empty here) exports exactly, one trained with it only approximately; the export tells by how much.</source>
        <translation>Eine weiche Grenze hält Werte durch tanh in Schranken und beruhigt so das Training bei großen Raten. Kein Programm für GGUF- oder Hugging-Face-Dateien kennt sie bei dieser Architektur: Ein Modell, das ohne sie trainiert wird (hier leer), wird genau exportiert, eines mit ihr nur näherungsweise; der Export sagt, wie gut.</translation>
    </message>
    <message>
        <source>The same trade: stability against an exact export.</source>
        <translation>Dieselbe Abwägung: Stabilität gegen genauen Export.</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>Erweitert</translation>
    </message>
    <message>
        <source>Show every setting</source>
        <translation>Jede Einstellung zeigen</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>Every setting back to the preset&apos;s</source>
        <translation>Jede Einstellung zurück auf die Vorgabe</translation>
    </message>
    <message>
        <source>Start training</source>
        <translation>Training starten</translation>
    </message>
    <message>
        <source>Point at a setting to read what it does.</source>
        <translation>Zeigen Sie auf eine Einstellung, um zu lesen, was sie bewirkt.</translation>
    </message>
    <message numerus="yes">
        <source>%n changed</source>
        <translation>
            <numerusform>%n geändert</numerusform>
            <numerusform>%n geändert</numerusform>
        </translation>
    </message>
    <message>
        <source>It is starting</source>
        <translation>Es startet</translation>
    </message>
    <message>
        <source>Open a project first</source>
        <translation>Öffnen Sie zuerst ein Projekt</translation>
    </message>
    <message>
        <source>Import a dataset first</source>
        <translation>Importieren Sie zuerst einen Datensatz</translation>
    </message>
    <message>
        <source>Give the run a name that can be a folder&apos;s</source>
        <translation>Geben Sie dem Lauf einen Namen, den ein Ordner haben kann</translation>
    </message>
    <message>
        <source>There is a run of that name</source>
        <translation>Einen Lauf dieses Namens gibt es schon</translation>
    </message>
    <message>
        <source>It needs more memory than the device has: lower the batch, or switch recompute on</source>
        <translation>Es braucht mehr Speicher, als das Gerät hat: Verkleinern Sie den Batch oder schalten Sie Recompute ein</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Startet …</translation>
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
    <name>distillix::ui::ProseBlock</name>
    <message>
        <source>[picture: %1]</source>
        <translation>[Bild: %1]</translation>
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
    <name>distillix::ui::RunControl</name>
    <message>
        <source>The trainer ended without a word.</source>
        <translation>Der Trainer endete ohne ein Wort.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::RunDifferenceModel</name>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>on</source>
        <translation>an</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>Dataset</source>
        <translation>Datensatz</translation>
    </message>
    <message>
        <source>Setting</source>
        <translation>Einstellung</translation>
    </message>
</context>
<context>
    <name>distillix::ui::RunEventModel</name>
    <message>
        <source>Validation loss %1, %2 bits per byte</source>
        <translation>Validierungsverlust %1, %2 Bit je Byte</translation>
    </message>
    <message>
        <source>Checkpoint</source>
        <translation>Checkpoint</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Gestartet</translation>
    </message>
    <message>
        <source>Resumed</source>
        <translation>Fortgesetzt</translation>
    </message>
    <message>
        <source>Settings changed</source>
        <translation>Einstellungen geändert</translation>
    </message>
    <message>
        <source>Schedule</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Step skipped</source>
        <translation>Schritt übersprungen</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Continued</source>
        <translation>Weitergeführt</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>Warnung</translation>
    </message>
    <message>
        <source>Crashed before</source>
        <translation>Zuvor abgestürzt</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Gescheitert</translation>
    </message>
    <message>
        <source>Did “%1”</source>
        <translation>„%1“ getan</translation>
    </message>
    <message>
        <source>Refused “%1”</source>
        <translation>„%1“ abgelehnt</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
</context>
<context>
    <name>distillix::ui::RunFollower</name>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Gescheitert</translation>
    </message>
    <message>
        <source>Crashed</source>
        <translation>Abgestürzt</translation>
    </message>
    <message>
        <source>Silent</source>
        <translation>Stumm</translation>
    </message>
    <message>
        <source>Its trainer is on another machine and has said nothing for a while. Look there, or resume it here and take it over.</source>
        <translation>Sein Trainer läuft auf einem anderen Rechner und hat eine Weile nichts gesagt. Sehen Sie dort nach, oder setzen Sie ihn hier fort und übernehmen Sie ihn.</translation>
    </message>
    <message>
        <source>There is no checkpoint yet, so resuming begins again at step 0.</source>
        <translation>Es gibt noch keinen Checkpoint; das Fortsetzen beginnt wieder bei Schritt 0.</translation>
    </message>
    <message>
        <source>Resume goes on from the checkpoint of step %1.</source>
        <translation>Fortsetzen geht vom Checkpoint des Schritts %1 aus weiter.</translation>
    </message>
    <message>
        <source>It ran out of memory. Halve the batch and double the accumulation (the result is the same), switch recompute on, shorten the sequences, or close other programs.</source>
        <translation>Der Speicher ging aus. Halbieren Sie den Batch und verdoppeln Sie die Akkumulation (das Ergebnis ist dasselbe), schalten Sie Recompute ein, kürzen Sie die Sequenzen oder schließen Sie andere Programme.</translation>
    </message>
    <message>
        <source>Make room on the disk first; fewer kept checkpoints need less.</source>
        <translation>Schaffen Sie zuerst Platz auf der Platte; weniger behaltene Checkpoints brauchen weniger.</translation>
    </message>
    <message>
        <source>The training diverged. A lower learning rate, a longer warm-up or skipping outliers (skip_gradient_z 8) keeps it together.</source>
        <translation>Das Training ist auseinandergelaufen. Eine kleinere Lernrate, ein längeres Aufwärmen oder das Überspringen von Ausreißern (skip_gradient_z 8) hält es zusammen.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::RunHeader</name>
    <message>
        <source>Pause</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>The trainer waits between two steps; its memory stays taken</source>
        <translation>Der Trainer wartet zwischen zwei Schritten; sein Speicher bleibt belegt</translation>
    </message>
    <message>
        <source>Release</source>
        <translation>Freigeben</translation>
    </message>
    <message>
        <source>Pauses behind a checkpoint and gives the memory back meanwhile; it goes on bit for bit</source>
        <translation>Hält nach einem Checkpoint an und gibt solange den Speicher zurück; es geht bitgenau weiter</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Goes on from where it is, or from its newest checkpoint</source>
        <translation>Geht von seiner Stelle oder vom neuesten Checkpoint aus weiter</translation>
    </message>
    <message>
        <source>Stop…</source>
        <translation>Beenden …</translation>
    </message>
    <message>
        <source>Writes a checkpoint and ends; it can be resumed</source>
        <translation>Schreibt einen Checkpoint und endet; es kann fortgesetzt werden</translation>
    </message>
    <message>
        <source>Checkpoint</source>
        <translation>Checkpoint</translation>
    </message>
    <message>
        <source>Writes a checkpoint now</source>
        <translation>Schreibt jetzt einen Checkpoint</translation>
    </message>
    <message>
        <source>Sample…</source>
        <translation>Probe …</translation>
    </message>
    <message>
        <source>Asks the model as it is now</source>
        <translation>Fragt das Modell, wie es jetzt ist</translation>
    </message>
    <message>
        <source>Rate…</source>
        <translation>Rate …</translation>
    </message>
    <message>
        <source>Changes the learning rate from the next step on</source>
        <translation>Ändert die Lernrate ab dem nächsten Schritt</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>Talks to the newest checkpoint, also while it trains</source>
        <translation>Spricht mit dem neuesten Checkpoint, auch während es trainiert</translation>
    </message>
    <message>
        <source>Last lines of the run&apos;s log</source>
        <translation>Letzte Zeilen des Protokolls</translation>
    </message>
    <message>
        <source>New run with less memory…</source>
        <translation>Neuer Lauf mit weniger Speicher …</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen …</translation>
    </message>
    <message>
        <source>, silent for %1</source>
        <translation>, stumm seit %1</translation>
    </message>
    <message>
        <source>step %1 of %2</source>
        <translation>Schritt %1 von %2</translation>
    </message>
    <message>
        <source>step %1</source>
        <translation>Schritt %1</translation>
    </message>
    <message>
        <source>%1 tokens</source>
        <translation>%1 Token</translation>
    </message>
    <message>
        <source>%1 trained</source>
        <translation>%1 trainiert</translation>
    </message>
    <message>
        <source>%1 left</source>
        <translation>noch %1</translation>
    </message>
    <message>
        <source>process %1 on %2</source>
        <translation>Prozess %1 auf %2</translation>
    </message>
    <message>
        <source>%1 percent done</source>
        <translation>%1 Prozent getan</translation>
    </message>
    <message>
        <source>Out of memory</source>
        <translation>Speicher ausgegangen</translation>
    </message>
    <message>
        <source>The run&apos;s folder cannot be read: %1</source>
        <translation>Der Ordner des Laufs ist nicht lesbar: %1</translation>
    </message>
</context>
<context>
    <name>distillix::ui::RunTableModel</name>
    <message>
        <source>%1, %2, step %3</source>
        <translation>%1, %2, Schritt %3</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Lauf</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
</context>
<context>
    <name>distillix::ui::SamplesView</name>
    <message>
        <source>Prompt</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>All prompts</source>
        <translation>Alle Eingaben</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>Proben</translation>
    </message>
    <message>
        <source>Answers to the fixed prompts appear here as the run makes them (“sample_every”).</source>
        <translation>Antworten auf die festen Eingaben erscheinen hier, wie der Lauf sie macht („sample_every“).</translation>
    </message>
    <message>
        <source>step %1</source>
        <translation>Schritt %1</translation>
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
    <message>
        <source>&amp;PyTorch file…</source>
        <translation>&amp;PyTorch-Datei …</translation>
    </message>
    <message>
        <source>Export a model as a state dict</source>
        <translation>Ein Modell als state dict exportieren</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Export</translation>
    </message>
    <message>
        <source>&amp;Train a tokenizer…</source>
        <translation>&amp;Tokenizer trainieren …</translation>
    </message>
    <message>
        <source>Pause and give &amp;memory back</source>
        <translation>Anhalten und Speicher &amp;freigeben</translation>
    </message>
    <message>
        <source>Change the learning ra&amp;te…</source>
        <translation>Lern&amp;rate ändern …</translation>
    </message>
    <message>
        <source>M&amp;easure</source>
        <translation>M&amp;essen</translation>
    </message>
    <message>
        <source>Start the benchmark as it is set up</source>
        <translation>Den Benchmark starten, wie er eingestellt ist</translation>
    </message>
</context>
<context>
    <name>distillix::ui::TokenPopup</name>
    <message>
        <source>Alternatives to this token</source>
        <translation>Alternativen zu diesem Token</translation>
    </message>
    <message>
        <source>%1 was given %2</source>
        <translation>%1 erhielt %2</translation>
    </message>
    <message>
        <source>Alternatives</source>
        <translation>Alternativen</translation>
    </message>
    <message>
        <source>Token %1</source>
        <translation>Token %1</translation>
    </message>
    <message>
        <source>No alternatives were asked for (settings, at the right)</source>
        <translation>Es wurden keine Alternativen verlangt (Einstellungen, rechts)</translation>
    </message>
    <message>
        <source>Choose one to go on from it, in a branch of its own</source>
        <translation>Wählen Sie eine, um von ihr aus in einem eigenen Zweig fortzufahren</translation>
    </message>
</context>
<context>
    <name>distillix::ui::TokenView</name>
    <message>
        <source>Answer by tokens</source>
        <translation>Antwort nach Token</translation>
    </message>
    <message>
        <source>Arrow keys go from token to token, Return shows the alternatives</source>
        <translation>Pfeiltasten gehen von Token zu Token, Eingabe zeigt die Alternativen</translation>
    </message>
    <message>
        <source>%1, %2</source>
        <translation>%1, %2</translation>
    </message>
</context>
<context>
    <name>distillix::ui::TokenizerDialog</name>
    <message>
        <source>Train a tokenizer</source>
        <translation>Tokenizer trainieren</translation>
    </message>
    <message>
        <source>An import makes one of its own data by itself. One made here can be shared by several datasets, whose models can then be compared.</source>
        <translation>Ein Import macht selbst einen aus seinen Daten. Ein hier trainierter kann mehreren Datensätzen dienen, deren Modelle dann vergleichbar sind.</translation>
    </message>
    <message>
        <source>Text to make it of</source>
        <translation>Text, aus dem er entsteht</translation>
    </message>
    <message>
        <source>files or a folder</source>
        <translation>Dateien oder ein Ordner</translation>
    </message>
    <message>
        <source>Files…</source>
        <translation>Dateien …</translation>
    </message>
    <message>
        <source>Folder…</source>
        <translation>Ordner …</translation>
    </message>
    <message>
        <source>all that are text, or: py, md</source>
        <translation>alle mit Text, oder: py, md</translation>
    </message>
    <message>
        <source>File extensions of a folder</source>
        <translation>Dateiendungen eines Ordners</translation>
    </message>
    <message>
        <source>Pieces</source>
        <translation>Stücke</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Train</source>
        <translation>Trainieren</translation>
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
        <source>Reading, %1</source>
        <translation>Lesen, %1</translation>
    </message>
    <message>
        <source>Training, about a second for each MB</source>
        <translation>Training, etwa eine Sekunde je MB</translation>
    </message>
    <message>
        <source>Training the tokenizer %1</source>
        <translation>Training des Tokenizers %1</translation>
    </message>
    <message>
        <source>Written: %1, %2 pieces</source>
        <translation>Geschrieben: %1, %2 Stücke</translation>
    </message>
    <message>
        <source>%1 bytes become one token, measured on %2 of the text it was made of</source>
        <translation>%1 Byte werden ein Token, gemessen an %2 des Textes, aus dem er entstand</translation>
    </message>
    <message>
        <source>%1 documents were read</source>
        <translation>%1 Dokumente wurden gelesen</translation>
    </message>
    <message>
        <source>%1 records could not be used</source>
        <translation>%1 Datensätze waren nicht verwendbar</translation>
    </message>
    <message>
        <source>Every import offers it as its tokenizer.</source>
        <translation>Jeder Import bietet ihn als Tokenizer an.</translation>
    </message>
</context>
<context>
    <name>distillix::ui::TrainPage</name>
    <message>
        <source>“%1” did not start: %2</source>
        <translation>„%1“ ist nicht gestartet: %2</translation>
    </message>
    <message>
        <source>Runs</source>
        <translation>Läufe</translation>
    </message>
    <message>
        <source>No longer watch this run</source>
        <translation>Diesen Lauf nicht mehr beobachten</translation>
    </message>
    <message>
        <source>Watch a run elsewhere…</source>
        <translation>Lauf anderswo beobachten …</translation>
    </message>
    <message>
        <source>A run folder on a mounted disk or another place: it is followed as if it were here</source>
        <translation>Ein Laufordner auf einer eingehängten Platte oder an anderem Ort: Ihm wird gefolgt, als wäre er hier</translation>
    </message>
    <message>
        <source>The folder of a run</source>
        <translation>Der Ordner eines Laufs</translation>
    </message>
    <message>
        <source>Checked runs are drawn over the chosen one.</source>
        <translation>Angekreuzte Läufe werden über den gewählten gezeichnet.</translation>
    </message>
    <message>
        <source>New run</source>
        <translation>Neuer Lauf</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Appears with the first step</source>
        <translation>Erscheint mit dem ersten Schritt</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>Gradient norm</source>
        <translation>Gradientennorm</translation>
    </message>
    <message>
        <source>Tokens a second</source>
        <translation>Token je Sekunde</translation>
    </message>
    <message>
        <source>Saved %1</source>
        <translation>%1 gesichert</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>Proben</translation>
    </message>
    <message>
        <source>No training yet</source>
        <translation>Noch kein Training</translation>
    </message>
    <message>
        <source>Choose a dataset and a preset on the left and start. The curves grow here while it trains; closing the window does not stop it.</source>
        <translation>Wählen Sie links einen Datensatz und eine Vorgabe und starten Sie. Die Kurven wachsen hier, während trainiert wird; das Schließen des Fensters hält es nicht auf.</translation>
    </message>
    <message>
        <source>Take the run over?</source>
        <translation>Den Lauf übernehmen?</translation>
    </message>
    <message>
        <source>Its trainer on %1 has been silent and cannot be seen from here. If it still lives, two trainers would write into one run.</source>
        <translation>Sein Trainer auf %1 ist stumm und von hier aus nicht zu sehen. Lebt er noch, würden zwei Trainer in einen Lauf schreiben.</translation>
    </message>
    <message>
        <source>Take over</source>
        <translation>Übernehmen</translation>
    </message>
    <message>
        <source>The run “%1” has ended badly: %2</source>
        <translation>Der Lauf „%1“ hat schlecht geendet: %2</translation>
    </message>
    <message>
        <source>The run “%1” is finished.</source>
        <translation>Der Lauf „%1“ ist fertig.</translation>
    </message>
    <message>
        <source>step %1</source>
        <translation>Schritt %1</translation>
    </message>
    <message>
        <source>, %1 left</source>
        <translation>, noch %1</translation>
    </message>
    <message>
        <source>starting…</source>
        <translation>startet …</translation>
    </message>
    <message>
        <source>%1, validation</source>
        <translation>%1, Validierung</translation>
    </message>
    <message>
        <source>Sample</source>
        <translation>Probe</translation>
    </message>
    <message>
        <source>Differences</source>
        <translation>Unterschiede</translation>
    </message>
    <message>
        <source>pausing…</source>
        <translation>wird angehalten …</translation>
    </message>
    <message>
        <source>going on…</source>
        <translation>geht weiter …</translation>
    </message>
    <message>
        <source>stopping…</source>
        <translation>wird beendet …</translation>
    </message>
    <message>
        <source>writing a checkpoint…</source>
        <translation>schreibt einen Checkpoint …</translation>
    </message>
    <message>
        <source>answering…</source>
        <translation>antwortet …</translation>
    </message>
    <message>
        <source>changing…</source>
        <translation>ändert …</translation>
    </message>
    <message>
        <source>Train</source>
        <translation>Training</translation>
    </message>
</context>
<context>
    <name>distillix::ui::TranscriptView</name>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>To the end</source>
        <translation>Zum Ende</translation>
    </message>
    <message>
        <source>Show earlier messages (%1 more)</source>
        <translation>Frühere Nachrichten zeigen (noch %1)</translation>
    </message>
</context>
<context>
    <name>distillix::ui::VerbDialog</name>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Startet …</translation>
    </message>
    <message>
        <source>Cancelled. Nothing was written.</source>
        <translation>Abgebrochen. Es wurde nichts geschrieben.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
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
        <source>&amp;GGUF…</source>
        <translation>&amp;GGUF …</translation>
    </message>
    <message>
        <source>GGUF, one file</source>
        <translation>GGUF, eine Datei</translation>
    </message>
    <message>
        <source>For llama.cpp, Ollama, LM Studio, KoboldCpp and others built on it. The tokenizer and the chat template are in it.</source>
        <translation>Für llama.cpp, Ollama, LM Studio, KoboldCpp und andere, die darauf bauen. Tokenizer und Chat-Vorlage sind enthalten.</translation>
    </message>
    <message>
        <source>&amp;safetensors…</source>
        <translation>&amp;safetensors …</translation>
    </message>
    <message>
        <source>safetensors, one file</source>
        <translation>safetensors, eine Datei</translation>
    </message>
    <message>
        <source>The model&apos;s own weights in one file, to go on training elsewhere or to look at them; I2_S packs the ternary ones.</source>
        <translation>Die Gewichte des Modells in einer Datei, um anderswo weiterzutrainieren oder sie anzusehen; I2_S packt die ternären.</translation>
    </message>
    <message>
        <source>&amp;PyTorch file…</source>
        <translation>&amp;PyTorch-Datei …</translation>
    </message>
    <message>
        <source>PyTorch state dict, one file</source>
        <translation>PyTorch state dict, eine Datei</translation>
    </message>
    <message>
        <source>The model&apos;s own weights as torch.load() reads them.</source>
        <translation>Die Gewichte des Modells, wie torch.load() sie liest.</translation>
    </message>
    <message>
        <source>&amp;Hugging Face folder…</source>
        <translation>&amp;Hugging-Face-Ordner …</translation>
    </message>
    <message>
        <source>Hugging Face folder</source>
        <translation>Hugging-Face-Ordner</translation>
    </message>
    <message>
        <source>For transformers and what builds on it, with tokenizer and model card.</source>
        <translation>Für transformers und was darauf baut, mit Tokenizer und Modellkarte.</translation>
    </message>
    <message>
        <source>2 bits a ternary weight, 32 for the rest: enough to answer with, not to train on</source>
        <translation>2 Bit je ternärem Gewicht, 32 für den Rest: genug zum Antworten, nicht zum Weitertrainieren</translation>
    </message>
</context>
<context>
    <name>fields</name>
    <message>
        <source>Sequence length</source>
        <translation>Sequenzlänge</translation>
    </message>
    <message>
        <source>Key/value heads</source>
        <translation>Schlüssel-/Wertköpfe</translation>
    </message>
    <message>
        <source>Query heads</source>
        <translation>Anfrageköpfe</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>Schichten</translation>
    </message>
    <message>
        <source>Width</source>
        <translation>Breite</translation>
    </message>
    <message>
        <source>Head width</source>
        <translation>Kopfbreite</translation>
    </message>
    <message>
        <source>MLP width</source>
        <translation>MLP-Breite</translation>
    </message>
    <message>
        <source>Longest sequence</source>
        <translation>Längste Sequenz</translation>
    </message>
    <message>
        <source>RoPE base</source>
        <translation>RoPE-Basis</translation>
    </message>
    <message>
        <source>RoPE scaling</source>
        <translation>RoPE-Skalierung</translation>
    </message>
    <message>
        <source>Ternary (BitLinear)</source>
        <translation>Ternär (BitLinear)</translation>
    </message>
    <message>
        <source>A scale per channel</source>
        <translation>Skala je Kanal</translation>
    </message>
    <message>
        <source>Quantization ε</source>
        <translation>Quantisierungs-ε</translation>
    </message>
    <message>
        <source>Norm ε</source>
        <translation>Norm-ε</translation>
    </message>
    <message>
        <source>Tied embeddings</source>
        <translation>Geteilte Embeddings</translation>
    </message>
    <message>
        <source>QK norm</source>
        <translation>QK-Norm</translation>
    </message>
    <message>
        <source>Sub-norm</source>
        <translation>Sub-Norm</translation>
    </message>
    <message>
        <source>Attention soft-cap</source>
        <translation>Grenze der Attention</translation>
    </message>
    <message>
        <source>Logit soft-cap</source>
        <translation>Grenze der Logits</translation>
    </message>
    <message>
        <source>AdamW ε</source>
        <translation>AdamW-ε</translation>
    </message>
    <message>
        <source>AdamW β₁</source>
        <translation>AdamW-β₁</translation>
    </message>
    <message>
        <source>AdamW β₂</source>
        <translation>AdamW-β₂</translation>
    </message>
    <message>
        <source>AdamW learning rate</source>
        <translation>AdamW-Lernrate</translation>
    </message>
    <message>
        <source>AdamW weight decay</source>
        <translation>AdamW-Gewichtsabfall</translation>
    </message>
    <message>
        <source>Clip gradients at</source>
        <translation>Gradienten kappen bei</translation>
    </message>
    <message>
        <source>TensorBoard files</source>
        <translation>TensorBoard-Dateien</translation>
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
